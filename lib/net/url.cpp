#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/lower_case.hpp"
#include "net/net.hpp"

namespace derivd::net {
namespace {

constexpr std::size_t kMaxUrl = 4096;  // a one-time password is some hundred characters
constexpr std::size_t kMaxHost = 253;  // RFC 1035 2.3.4, in text form
constexpr std::size_t kMaxLabel = 63;

// None of the texts below quotes the URL: its query may hold a one-time password.
core::Error bad(std::string_view what) { return core::invalid(fmt::format("URL: {}", what)); }

bool is_printable(char c) { return c > 0x20 && c < 0x7f; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
  });
}

template <class Address>
bool is_address(int family, const std::string& host) {
  Address address;
  return ::inet_pton(family, host.c_str(), &address) == 1;
}

// A name whose last label is all digits is an address or nothing: "127.1" must not reach a resolver
// that would read it in the style of inet_aton.
bool is_name_or_ipv4(const std::string& host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  std::string_view last;
  for (std::size_t begin = 0; begin <= host.size();) {
    const auto dot = std::min(host.find('.', begin), host.size());
    last = std::string_view(host).substr(begin, dot - begin);
    if (!is_label(last)) return false;
    begin = dot + 1;
  }
  if (std::all_of(last.begin(), last.end(), is_digit)) return is_address<in_addr>(AF_INET, host);
  return true;
}

core::Result<std::string> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value == 0 || value > 65535) {
    return bad("the port is not a number from 1 to 65535");
  }
  return std::to_string(value);
}

// "host", "host:port", "[v6]" or "[v6]:port"; without a port it is empty.
struct Authority {
  std::string host, port;
};
core::Result<Authority> parse_authority(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) return bad("user names are not supported");
  Authority url;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return bad("the IPv6 address has no closing bracket");
    url.host = lower_case(authority.substr(1, end - 1));
    if (!is_address<in6_addr>(AF_INET6, url.host)) return bad("the IPv6 address is not valid");
    rest = authority.substr(end + 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = lower_case(authority.substr(0, colon));
    if (url.host.empty()) return bad("the host is missing");
    if (!is_name_or_ipv4(url.host)) return bad("the host is neither a name nor an address");
    rest = authority.substr(colon);
  }
  if (rest.empty()) return url;
  if (rest.front() != ':') return bad("only a port may follow the host");
  auto port = parse_port(rest.substr(1));
  if (!port) return port.error();
  url.port = std::move(*port);
  return url;
}

}  // namespace

core::Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return bad("longer than 4096 characters");
  if (!std::all_of(text.begin(), text.end(), is_printable)) {
    return bad("blanks, control and non-ASCII characters are not allowed");
  }
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad("must begin with https:// or wss://");
  Url url;
  url.scheme = lower_case(text.substr(0, scheme_end));
  if (url.scheme == "http" || url.scheme == "ws") {
    return bad("plain-text http:// and ws:// are refused; use https:// or wss://");
  }
  if (url.scheme != "https" && url.scheme != "wss") {
    return bad("must begin with https:// or wss://");
  }
  const auto rest = text.substr(scheme_end + 3);
  if (rest.find('#') != std::string_view::npos) return bad("a fragment (#) has no meaning here");
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  auto parsed = parse_authority(rest.substr(0, authority_end));
  if (!parsed) return parsed.error();
  url.host = std::move(parsed->host);
  url.port = parsed->port.empty() ? "443" : std::move(parsed->port);
  url.target = rest.substr(authority_end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

// As of a URL, no text quotes what was given: it may hold a password where it should not.
core::Result<Proxy> Proxy::parse(std::string_view text) {
  const auto wrong = [](std::string_view what) {
    return core::invalid(fmt::format("{}; an HTTP proxy is http://HOST:PORT", what));
  };
  if (text.size() > kMaxUrl) return wrong("longer than 4096 characters");
  if (text.find('@') != std::string_view::npos) {
    return core::invalid(
        "a user and a password do not belong here; name http://HOST:PORT, and put "
        "\"user:password\" into the credential \"proxy\"");
  }
  if (!std::all_of(text.begin(), text.end(), is_printable)) {
    return wrong("blanks, control and non-ASCII characters are not allowed");
  }
  constexpr std::string_view kScheme = "http://";
  if (lower_case(text.substr(0, kScheme.size())) != kScheme) return wrong("no HTTP proxy");
  auto rest = text.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return wrong("a path has no meaning here");
  auto parsed = parse_authority(rest);
  if (!parsed) return wrong(parsed.error().text.substr(std::string_view("URL: ").size()));
  if (parsed->port.empty()) return wrong("the port is missing");
  Proxy proxy;
  proxy.host = std::move(parsed->host);
  proxy.port = std::move(parsed->port);
  return proxy;
}

}  // namespace derivd::net
