#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/net.hpp"

namespace derivd::net {
namespace {

struct Good {
  std::string text, scheme, host, port, target;
};

TEST(Url, GoodOnes) {
  const std::vector<Good> table = {
      {"https://api.derivws.com", "https", "api.derivws.com", "443", "/"},
      {"wss://ws.derivws.com/websockets/v3?app_id=1089", "wss", "ws.derivws.com", "443",
       "/websockets/v3?app_id=1089"},
      {"wss://api.derivws.com/trading/v1/options/ws/demo?otp=aB3-_.~%2F==", "wss",
       "api.derivws.com", "443", "/trading/v1/options/ws/demo?otp=aB3-_.~%2F=="},
      {"WSS://Example.COM:8443/Path", "wss", "example.com", "8443", "/Path"},
      {"https://127.0.0.1:1", "https", "127.0.0.1", "1", "/"},
      {"https://[::1]:65535/x", "https", "::1", "65535", "/x"},
      {"https://[2001:DB8::A]", "https", "2001:db8::a", "443", "/"},
      {"https://localhost?q=1", "https", "localhost", "443", "/?q=1"},
      {"https://host:0443/", "https", "host", "443", "/"},
      {"https://a_b.c-d.e1/", "https", "a_b.c-d.e1", "443", "/"},
      {"https://1host.4you/", "https", "1host.4you", "443", "/"},
      {"wss://h/a:b@c", "wss", "h", "443", "/a:b@c"},
  };
  for (const auto& good : table) {
    const auto url = Url::parse(good.text);
    ASSERT_TRUE(url) << good.text << ": " << url.error().text;
    EXPECT_EQ(url->scheme, good.scheme) << good.text;
    EXPECT_EQ(url->host, good.host) << good.text;
    EXPECT_EQ(url->port, good.port) << good.text;
    EXPECT_EQ(url->target, good.target) << good.text;
  }
}

TEST(Url, BadOnesAreRefusedForTheRightReason) {
  using testing::HasSubstr;
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "must begin with"},
      {"api.derivws.com", "must begin with"},
      {"//api.derivws.com", "must begin with"},
      {"ftp://host", "must begin with"},
      {"http://host", "plain-text"},
      {"ws://host", "plain-text"},
      {"WS://host", "plain-text"},
      {"https://", "host is missing"},
      {"https:///path", "host is missing"},
      {"https://:443/", "host is missing"},
      {"https://user@host/", "user names"},
      {"https://user:password@host/", "user names"},
      {"https://host:0", "port"},
      {"https://host:65536", "port"},
      {"https://host:", "port"},
      {"https://host:+1", "port"},
      {"https://host:12x", "port"},
      {"https://host:99999999999999999999", "port"},
      {"https://host:1:2", "port"},
      {"https://a..b", "neither"},
      {"https://.a", "neither"},
      {"https://a.", "neither"},
      {"https://-a.b", "neither"},
      {"https://a-.b", "neither"},
      {"https://a!b", "neither"},
      {"https://a%41", "neither"},
      {"https://1.2.3", "neither"},
      {"https://127.1", "neither"},
      {"https://1.2.3.256", "neither"},
      {"https://2130706433", "neither"},
      {"https://0x7f.1", "neither"},
      {"https://" + std::string(64, 'a'), "neither"},
      {"https://::1/", "host is missing"},
      {"https://[::1", "closing bracket"},
      {"https://[127.0.0.1]", "IPv6"},
      {"https://[::g]", "IPv6"},
      {"https://[fe80::1%25eth0]", "IPv6"},
      {"https://[]", "IPv6"},
      {"https://[::1]443", "only a port"},
      {"https://host/a b", "blanks"},
      {"https://host/\r\nX: y", "blanks"},
      {"https://host/\x7f", "blanks"},
      {"https://h\xc3\xb6st/", "blanks"},
      {std::string("https://host/\0", 14), "blanks"},
      {"https://host/#part", "fragment"},
      {"https://host/" + std::string(4096, 'a'), "longer"},
  };
  for (const auto& [text, reason] : table) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().text, HasSubstr(reason)) << text;
    EXPECT_EQ(url.error().kind, core::ErrorKind::kInvalid) << text;
  }
}

TEST(Url, TheLongestNames) {
  std::string host;
  for (int i = 0; i < 3; ++i) host += std::string(63, 'a') + ".";
  host += std::string(61, 'b');
  ASSERT_EQ(host.size(), 253U);
  EXPECT_TRUE(Url::parse("https://" + host));
  EXPECT_FALSE(Url::parse("https://" + host + "b"));
}

// The query may be a one-time password and errors go to the log.
TEST(Url, ErrorsNeverQuoteTheUrl) {
  for (const auto* text :
       {"http://host/?otp=hunter2", "https://user:hunter2@host/", "https://host:99999/?otp=hunter2",
        "https://host/?otp=hunter2#hunter2", "https://host/?otp=hunter2 ", "hunter2"}) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().text.find("hunter2"), std::string::npos) << url.error().text;
  }
}

TEST(ProxyUrl, HostAndPort) {
  for (const auto* text : {"http://proxy.example:3128", "HTTP://Proxy.Example:3128/"}) {
    const auto proxy = Proxy::parse(text);
    ASSERT_TRUE(proxy) << proxy.error().text;
    EXPECT_EQ(proxy->host, "proxy.example");
    EXPECT_EQ(proxy->port, "3128");
    EXPECT_FALSE(proxy->login);
  }
  EXPECT_EQ(Proxy::parse("http://[::1]:8080")->host, "::1");
}

TEST(ProxyUrl, AnythingElseIsRefusedWithWhatWouldDo) {
  for (const auto* text :
       {"", "proxy.example", "proxy.example:3128", "https://proxy.example:3128",
        "socks5://proxy.example:1080", "http://proxy.example", "http://:3128", "http://",
        "http://proxy.example:0", "http://proxy.example:3128/path", "http://proxy.example:3128?x",
        "http://proxy.example:3128#x", "http://pro xy:3128", "http://proxy.example:99999"}) {
    const auto proxy = Proxy::parse(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_THAT(proxy.error().text, testing::HasSubstr("http://HOST:PORT")) << text;
  }
}

TEST(ProxyUrl, APasswordIsRefusedAndNotShown) {
  for (const auto* text : {"http://me:hunter2@proxy.example:3128", "me:hunter2@proxy",
                           "http://hunter2@proxy.example:3128", "https://me:hunter2@proxy:1"}) {
    const auto proxy = Proxy::parse(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_THAT(proxy.error().text, testing::HasSubstr("credential \"proxy\""));
    EXPECT_THAT(proxy.error().text, testing::Not(testing::HasSubstr("hunter2")));
  }
}

TEST(Step, EachHasAName) {
  EXPECT_EQ(name_of(Step::kResolve), "resolve");
  EXPECT_EQ(name_of(Step::kConnect), "connect");
  EXPECT_EQ(name_of(Step::kProxy), "proxy");
  EXPECT_EQ(name_of(Step::kTls), "tls");
  EXPECT_EQ(name_of(Step::kUpgrade), "upgrade");
  EXPECT_EQ(name_of(Step::kOpen), "open");
}

}  // namespace
}  // namespace derivd::net
