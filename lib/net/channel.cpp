#include "net/channel.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cstring>

namespace derivd::net {

namespace beast = boost::beast;
namespace http = beast::http;
using core::ErrorKind;

namespace {

constexpr std::size_t kMaxTried = 8;  // addresses of one attempt; the next one begins with others
/// Of a proxy's answer to CONNECT, which has nothing to say but its status.
constexpr std::size_t kMaxTunnelHeader = std::size_t{8} * 1024;

bool is_ip(const std::string& host) {
  error_code ec;
  (void)asio::ip::make_address(host, ec);
  return !ec;
}

core::Result<void> check_peers(ssl::context& tls, const TlsSettings& settings) {
  error_code ec;
  if (SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION) != 1) {
    return core::io_error("OpenSSL refuses TLS 1.2 as the lowest version");
  }
  tls.set_verify_mode(ssl::verify_peer, ec);
  if (ec) return core::io_error(fmt::format("cannot verify certificates: {}", ec.message()));
  if (settings.ca_file.empty()) {
    tls.set_default_verify_paths(ec);
    if (ec) return core::io_error(fmt::format("no system certificates: {}", ec.message()));
  } else {
    tls.load_verify_file(settings.ca_file, ec);
    if (ec) {
      return core::io_error(
          fmt::format("cannot use CA file {}: {}", settings.ca_file, ec.message()));
    }
  }
  return {};
}

// OpenSSL compares the host of the URL with the certificate while it verifies the chain. Only the
// alternative names count (RFC 9525 6.3): a CA need not have checked what a subject calls itself.
bool expect_host(SSL* tls, const std::string& host) {
  SSL_set_hostflags(tls,
                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_ip(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  return SSL_set1_host(tls, host.c_str()) == 1 && SSL_set_tlsext_host_name(tls, host.c_str()) == 1;
}

}  // namespace

std::string seconds_text(core::Duration d) {
  return fmt::format("{:g} s", static_cast<double>(d.count()) / 1e9);
}

std::string authority(const std::string& host, const std::string& port) {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

Channel::Channel(const Executor& executor, Url url, std::vector<tcp::endpoint> addresses,
                 const Route& route, const Timeouts& timeouts)
    : executor_(executor),
      url_(std::move(url)),
      timeouts_(timeouts),
      proxy_(route.proxy),
      configured_(check_peers(context_, route.tls)),
      tls_(executor, context_),
      place_(authority(url_.host, url_.port)),
      addresses_(std::move(addresses)),
      timer_(executor) {
  if (proxy_) place_ += " through the proxy " + authority(proxy_->host, proxy_->port);
}

std::string Channel::gate() const {
  const auto text = authority(host(), port());
  return proxy_ ? fmt::format("the proxy {} ({})", text, proxy_->named_by) : text;
}

std::string Channel::waiting_for() const {
  if (stopped()) return {};
  switch (step_) {
    case Step::kResolve:
      return fmt::format("looking up the name {}", host());
    case Step::kConnect:
      return fmt::format("connecting to {}", gate());
    case Step::kProxy:
      return fmt::format("waiting for {} to reach {}", gate(), authority(url_.host, url_.port));
    case Step::kTls:
      return fmt::format("TLS with {}", place_);
    case Step::kUpgrade:
      return fmt::format("waiting for the answer of {}", place_);
    case Step::kOpen:
      return {};
  }
  return {};
}

void Channel::arm(core::Duration time) {
  timed_out_ = false;
  timer_.expires_after(time);
  timer_.async_wait([weak = weak_from_this(), generation = ++timer_generation_](error_code ec) {
    const auto self = weak.lock();
    if (ec || !self || generation != self->timer_generation_) return;
    self->timed_out_ = true;
    error_code ignored;
    self->tls_.next_layer().close(ignored);
  });
}

void Channel::disarm() {
  ++timer_generation_;
  timer_.cancel();
}

void Channel::fail(ErrorKind kind, std::string text) {
  if (!failure_) {
    failure_.emplace();
    failure_->step = step_;
    failure_->error = {kind, std::move(text)};
  }
  end_io();
}

void Channel::end_io() {
  disarm();
  look_up_.reset();
  error_code ignored;
  tls_.next_layer().close(ignored);
}

void Channel::blame_address() {
  if (reached_) note_failure(host(), *reached_);
}

Task<bool> Channel::dial() {
  if (stopped()) co_return false;
  if (!configured_) {
    step_ = Step::kTls;
    fail(configured_.error().kind, configured_.error().text);
    co_return false;
  }
  bool ok = co_await resolve();
  if (ok) ok = co_await connect_tcp();
  if (ok && proxy_) ok = co_await open_tunnel();
  if (ok) ok = co_await shake_hands();
  co_return ok;
}

// The wait is on the timer, not on the look-up, which nobody can interrupt.
Task<bool> Channel::resolve() {
  step_ = Step::kResolve;
  if (!addresses_.empty()) co_return true;
  const auto number = static_cast<std::uint16_t>(std::stoul(port()));
  error_code ec;
  const auto ip = asio::ip::make_address(host(), ec);
  if (!ec) {
    addresses_.emplace_back(ip, number);
    co_return true;
  }
  timer_.expires_after(timeouts_.resolve);
  look_up_.emplace(executor_, host(), [this](const core::Result<Addresses>& found) {
    found_ = found;
    timer_.cancel();
  });
  (void)co_await timer_.async_wait(kAwait);
  look_up_.reset();
  if (stopped()) co_return false;
  if (!found_) {
    fail(ErrorKind::kTimeout, fmt::format("name look-up of {} took longer than {}", host(),
                                          seconds_text(timeouts_.resolve)));
  } else if (!*found_) {
    fail(found_->error().kind, found_->error().text);
  } else {
    for (const auto& address : **found_) addresses_.emplace_back(address, number);
  }
  co_return !stopped();
}

// Each address may use an equal share of what is left, so that a dead first one leaves time for the
// others and quick refusals lend their time to the last.
Task<bool> Channel::connect_tcp() {
  step_ = Step::kConnect;
  order_by_failures(host(), addresses_);
  if (addresses_.size() > kMaxTried) addresses_.resize(kMaxTried);
  const auto deadline = Clock::now() + timeouts_.connect;
  auto& socket = tls_.next_layer();
  std::string causes;
  bool only_timeouts = true;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const auto left = std::max<core::Duration>(deadline - Clock::now(), core::Duration{1});
    const core::Duration share = left / static_cast<std::int64_t>(addresses_.size() - i);
    const auto address = addresses_[i];
    error_code ec;
    socket.close(ec);
    socket.open(address.protocol(), ec);
    if (!ec) {
      arm(share);
      const auto [error] = co_await socket.async_connect(address, kAwait);
      ec = error;
      disarm();
      if (stopped()) co_return false;
    } else {
      timed_out_ = false;
    }
    if (!ec && !timed_out_) {
      // A purchase is one small frame that must not wait for the acknowledgement of the last.
      socket.set_option(tcp::no_delay(true), ec);
      reached_ = address;
      co_return true;
    }
    note_failure(host(), address);
    only_timeouts = only_timeouts && timed_out_;
    causes += fmt::format("{}{}: {}", causes.empty() ? "" : "; ", address.address().to_string(),
                          timed_out_ ? "no answer within " + seconds_text(share) : ec.message());
  }
  fail(only_timeouts ? ErrorKind::kTimeout : ErrorKind::kIo,
       fmt::format("cannot connect to {}: {}", gate(), causes));
  co_return false;
}

// ---- the proxy's tunnel ----

/// Holds the password.
std::string Channel::tunnel_request() const {
  const auto target = authority(url_.host, url_.port);
  auto text =
      fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: derivd\r\n", target, target);
  if (proxy_->login) {
    const auto login = proxy_->login->reveal();
    std::string base64(4 * ((login.size() + 2) / 3) + 1, '\0');  // with the final NUL
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                     reinterpret_cast<const unsigned char*>(login.data()),
                                     static_cast<int>(login.size()));
    constexpr std::string_view kField = "Proxy-Authorization: Basic ";
    text.reserve(text.size() + kField.size() + base64.size() + 4);  // no copy is left behind
    text.append(kField).append(base64.data(), static_cast<std::size_t>(size)).append("\r\n");
    ::explicit_bzero(base64.data(), base64.size());
  }
  return text.append("\r\n");
}

Task<bool> Channel::open_tunnel() {
  step_ = Step::kProxy;
  auto& socket = tls_.next_layer();
  auto request = tunnel_request();
  arm(timeouts_.proxy);
  const auto bytes = asio::buffer(request);
  const auto [write_error, written] = co_await asio::async_write(socket, bytes, kAwait);
  ::explicit_bzero(request.data(), request.size());
  if (stopped()) co_return false;
  // A proxy may refuse and stop reading: its answer says more than the failed write.
  beast::flat_static_buffer<kMaxTunnelHeader> buffer;
  http::response_parser<http::empty_body> parser;
  parser.header_limit(kMaxTunnelHeader);
  parser.body_limit(boost::none);  // a body is not read
  const auto [ec, size] = co_await http::async_read_header(socket, buffer, parser, kAwait);
  disarm();
  if (stopped()) co_return false;
  const auto& answer = parser.get();
  if (ec) {
    tunnel_broken(write_error ? write_error : ec);
  } else if (answer.result_int() / 100 != 2) {
    bool basic = answer.count(http::field::proxy_authenticate) == 0;
    for (const auto& field : answer) {
      basic = basic || (field.name() == http::field::proxy_authenticate &&
                        beast::iequals(field.value().substr(0, 5), "basic"));
    }
    tunnel_refused(static_cast<int>(answer.result_int()), basic);
  } else if (buffer.size() != 0) {
    // In TLS the client speaks first: these are not the peer's bytes.
    fail(ErrorKind::kProtocol, fmt::format("{} sent bytes of its own into the tunnel", gate()));
  }
  if (stopped()) blame_address();
  co_return !stopped();
}

// The status is the proxy's, not the peer's: LinkError::http_status stays 0.
void Channel::tunnel_refused(int status, bool takes_basic) {
  const auto peer = authority(url_.host, url_.port);
  std::string text;
  switch (status) {
    case 407:
      if (!takes_basic) {
        text = "wants a login of another kind than Basic, the only one that derivd knows";
      } else {
        text = fmt::format("{}; put \"user:password\" into {}",
                           proxy_->login ? "does not take the user and password that it was given"
                                         : "wants a user and a password",
                           proxy_->login_place);
      }
      break;
    case 403:
      text = fmt::format("does not let connections to {} through; its administrator can allow them",
                         peer);
      break;
    case 502:
    case 503:
    case 504:
      text = fmt::format("cannot reach {} itself", peer);
      break;
    default:
      text =
          fmt::format("opens no tunnel to {}; it must be an HTTP proxy that allows CONNECT", peer);
  }
  fail(ErrorKind::kRefused, fmt::format("{} {} (HTTP {})", gate(), text, status));
}

void Channel::tunnel_broken(const error_code& ec) {
  if (timed_out_) {
    return fail(ErrorKind::kTimeout,
                fmt::format("{} opened no tunnel to {} within {}", gate(),
                            authority(url_.host, url_.port), seconds_text(timeouts_.proxy)));
  }
  if (ec == http::error::buffer_overflow || ec == http::error::header_limit) {
    return fail(ErrorKind::kExhausted,
                fmt::format("the answer of {} is larger than {} bytes", gate(), kMaxTunnelHeader));
  }
  const bool cut = ec == http::error::end_of_stream || ec == http::error::partial_message ||
                   ec == asio::error::eof;
  if (cut) {
    return fail(ErrorKind::kIo, fmt::format("{} cut the connection before it answered", gate()));
  }
  const bool protocol = ec.category() == make_error_code(http::error::end_of_stream).category();
  if (!protocol) return fail(ErrorKind::kIo, fmt::format("{}: {}", gate(), ec.message()));
  fail(ErrorKind::kProtocol,
       fmt::format("{} does not speak HTTP ({}); name an HTTP proxy, http://HOST:PORT", gate(),
                   ec.message()));
}

// ---- TLS ----

Task<bool> Channel::shake_hands() {
  step_ = Step::kTls;
  auto* handle = tls_.native_handle();
  // Keeps the record buffers between records instead of freeing and taking them for each.
  SSL_clear_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  if (!expect_host(handle, url_.host)) {
    fail(ErrorKind::kIo, fmt::format("TLS with {} cannot be prepared", place_));
    co_return false;
  }
  arm(timeouts_.tls);
  const auto [error] = co_await tls_.async_handshake(ssl::stream_base::client, kAwait);
  disarm();
  if (stopped()) co_return false;
  if (timed_out_ || error) blame_address();
  if (timed_out_) {
    fail(ErrorKind::kTimeout,
         fmt::format("TLS with {} took longer than {}", place_, seconds_text(timeouts_.tls)));
  } else if (error) {
    auto reason = tls_error(error);
    fail(reason.kind, std::move(reason.text));
  } else {
    forget_failure(host(), *reached_);
  }
  co_return !stopped();
}

core::Error Channel::tls_error(const error_code& ec) {
  const auto verdict = SSL_get_verify_result(tls_.native_handle());
  if (verdict != X509_V_OK) {
    // Waiting does not mend it: wrong CA file, wrong host, wrong clock or someone in between.
    return core::invalid(fmt::format("TLS with {} failed: certificate verify failed: {}", place_,
                                     X509_verify_cert_error_string(verdict)));
  }
  const bool ended = ec == asio::error::eof || ec == ssl::error::stream_truncated;
  const bool broken = ec.category() == asio::error::get_ssl_category();
  return {broken ? ErrorKind::kProtocol : ErrorKind::kIo,
          fmt::format("TLS with {} failed: {}", place_,
                      ended ? "the peer ended the connection" : ec.message())};
}

}  // namespace derivd::net
