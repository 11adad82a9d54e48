#include "derivctl/proxy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "common/venue_settings.hpp"
#include "service/credential.hpp"

namespace derivd::ctl {
namespace {

/// In curl's order: a name in small letters comes before the same one in capitals.
constexpr std::array kVariables = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view(value);
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const auto* begin = text.data() + i + 1;
    if (text.size() - i < 3) return std::nullopt;
    const auto [end, ec] = std::from_chars(begin, begin + 2, value, 16);
    if (ec != std::errc{} || end != begin + 2 || value < 0x20 || value == 0x7f) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

/// An address's bytes; 4, 16, or none.
std::string address_bytes(const std::string& text) {
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return {reinterpret_cast<const char*>(&v4), sizeof v4};
  }
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    return {reinterpret_cast<const char*>(&v6), sizeof v6};
  }
  return {};
}

bool same_bits(std::string_view a, std::string_view b, unsigned bits) {
  if (a.size() != b.size() || bits > 8 * a.size()) return false;
  const auto whole = bits / 8;
  if (a.substr(0, whole) != b.substr(0, whole)) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - bits % 8));
  return ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) & mask) ==
         0;
}

/// An entry of no_proxy that is an address or a network.
bool names_address(std::string_view entry, const std::string& address) {
  const auto slash = std::min(entry.find('/'), entry.size());
  const auto network = address_bytes(std::string(entry.substr(0, slash)));
  auto bits = static_cast<unsigned>(8 * network.size());
  if (slash != entry.size()) {
    const auto text = entry.substr(slash + 1);
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (ec != std::errc{} || end != text.data() + text.size()) return false;
  }
  return !network.empty() && same_bits(network, address, bits);
}

bool names_host(std::string_view entry, const std::string& host) {
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty()) return false;
  return host == entry || (host.size() > entry.size() && host.ends_with(entry) &&
                           host[host.size() - entry.size() - 1] == '.');
}

/// An environment's proxy is for other machines: what goes to this one never leaves it.
bool is_this_machine(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         (host.starts_with("127.") && address_bytes(host).size() == 4);
}

core::Result<std::optional<net::Proxy>> proxy_of_environment(const std::string& host) {
  const auto exempt = variable("no_proxy").empty() ? variable("NO_PROXY") : variable("no_proxy");
  if (is_this_machine(host) || no_proxy_names(exempt, host)) return std::optional<net::Proxy>{};
  for (const auto* name : kVariables) {
    const auto value = variable(name);
    if (value.empty()) continue;
    auto proxy = proxy_of_variable(value, name);
    if (!proxy) return proxy.error();
    return std::optional<net::Proxy>(std::move(*proxy));
  }
  return std::optional<net::Proxy>{};
}

}  // namespace

bool no_proxy_names(std::string_view list, std::string_view host) {
  const auto wanted = lower(host);
  const auto address = address_bytes(wanted);
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", \t"), list.size());
    const auto entry = lower(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (entry == "*") return true;
    if (address.empty() ? names_host(entry, wanted) : names_address(entry, address)) return true;
  }
  return false;
}

core::Result<net::Proxy> proxy_of_variable(std::string_view text, const std::string& variable) {
  const auto wrong = [&](std::string_view why) {
    return core::invalid(fmt::format("${}: {}", variable, why));
  };
  // http://USER:PASSWORD@HOST:PORT/, with only HOST:PORT needed.
  std::string scheme = "http://";
  if (const auto at = text.find("://"); at != std::string_view::npos) {
    scheme = lower(text.substr(0, at + 3));
    text.remove_prefix(at + 3);
  }
  std::optional<std::string> login;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    login = percent_decoded(text.substr(0, at));
    if (!login) return wrong("its user and password are not percent-encoded as they should be");
    if (login->find(':') == std::string::npos) *login += ':';
    text.remove_prefix(at + 1);
  }
  auto proxy = net::Proxy::parse(scheme + std::string(text));
  if (!proxy) return wrong(proxy.error().text);
  proxy->named_by = "$" + variable;
  proxy->login_place = fmt::format("the address in ${} (http://USER:PASSWORD@HOST:PORT)", variable);
  if (login) proxy->login = std::make_shared<const core::Secret>(std::move(*login));
  return proxy;
}

core::Result<net::Route> route_by_environment(const std::string& given, std::string_view endpoint,
                                              const std::string& ca_file,
                                              const std::string& login_file) {
  const net::TlsSettings tls{ca_file};
  if (given == "none") return net::Route(tls);
  if (given.empty()) {
    const auto url = net::Url::parse(endpoint);
    if (!url) return net::Route(tls);  // whoever opens it says what is wrong
    auto proxy = proxy_of_environment(url->host);
    if (!proxy) return proxy.error();
    return net::Route(tls, std::move(*proxy));
  }
  if (given.find('@') != std::string::npos) {
    return core::invalid(
        "--proxy: a user and a password do not belong on a command line, where every user of the "
        "machine can read them; put the whole address into $https_proxy instead");
  }
  auto proxy = net::Proxy::parse(given);
  if (!proxy) return core::invalid("--proxy: " + proxy.error().text);
  proxy->named_by = "--proxy";
  proxy->login_place = login_file.empty()
                           ? "$https_proxy (http://USER:PASSWORD@HOST:PORT), without --proxy"
                           : "the file " + login_file;
  if (!login_file.empty()) {
    auto login = service::read_proxy_login(login_file);
    if (!login) return login.error();
    if (*login) proxy->login = std::make_shared<const core::Secret>(std::move(**login));
  }
  return net::Route(tls, std::move(*proxy));
}

core::Result<net::Route> route_by_config(const config::VenueSettings& venue, const Places& places) {
  const net::TlsSettings tls{venue.ca_file.value_or("")};
  if (!venue.proxy) return net::Route(tls);
  auto proxy = net::Proxy::parse(*venue.proxy);
  if (!proxy) return core::invalid("venue.proxy: " + proxy.error().text);
  proxy->login_place =
      fmt::format("the file {} (\"derivctl setup\" hands it to the unit)", places.proxy_login());
  auto login = service::read_proxy_login(places.proxy_login());
  if (!login) return login.error();
  if (*login) proxy->login = std::make_shared<const core::Secret>(std::move(**login));
  return net::Route(tls, std::move(*proxy));
}

}  // namespace derivd::ctl
