#include "net/plain_http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <list>
#include <string_view>

#include "net/lean.hpp"

namespace derivd::net {
namespace {

namespace http = boost::beast::http;

class PlainClient;

/// "localhost", an address or a name without a domain, each with or without a port; no Host at all.
bool is_of_this_machine(std::string_view host) {
  if (host.find('.') == std::string_view::npos) return true;  // IPv6 too
  error_code ec;
  (void)asio::ip::make_address(std::string(host.substr(0, host.find(':'))), ec);
  return !ec;
}

/// What clients need of their server; they outlive it by at most one handler.
struct Place {
  PlainPage page;
  std::list<std::shared_ptr<PlainClient>> clients;  // the first came first
  bool loopback = false;
  bool closed = false;
};

class PlainClient final : public std::enable_shared_from_this<PlainClient> {
 public:
  PlainClient(TcpSocket socket, std::shared_ptr<Place> place)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), place_(std::move(place)) {
    parser_.header_limit(kMaxPlainHeader);
  }

  void start() {
    timer_.expires_after(place_->page.time);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->end();
    });
    http::async_read_header(
        socket_, buffer_, parser_,
        [self = shared_from_this()](error_code ec, std::size_t) { self->on_header(ec); });
  }

  void end() {
    error_code ignored;
    timer_.cancel();
    socket_.close(ignored);
    place_->clients.remove(shared_from_this());
  }

  /// It has not yet asked for anything.
  bool silent() const { return !answering_; }

 private:
  void on_header(error_code ec) {
    if (place_->closed || !socket_.is_open()) return;
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
      return answer(http::status::request_header_fields_too_large, "the header is too large\n");
    }
    // What a peer cut off or never sent gets no answer; what is no HTTP does.
    if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
        ec.category() != make_error_code(http::error::bad_method).category()) {
      if (ec) return end();
    }
    if (ec) return answer(http::status::bad_request, "this is no HTTP\n");
    const auto& request = parser_.get();
    const auto method = request.method();
    if (method != http::verb::get && method != http::verb::head) {
      return answer(http::status::method_not_allowed, "GET only\n");
    }
    const auto host = request[http::field::host];
    if (place_->loopback && !is_of_this_machine({host.data(), host.size()})) {
      return answer(http::status::forbidden, "ask for an address of this machine\n");
    }
    const std::string_view target(request.target().data(), request.target().size());
    if (target.substr(0, target.find('?')) != place_->page.path) {
      return answer(http::status::not_found, fmt::format("look at {}\n", place_->page.path));
    }
    answer(http::status::ok, place_->page.body());
  }

  void answer(http::status status, std::string body) {
    answering_ = true;
    response_.version(11);
    response_.result(status);
    response_.set(http::field::content_type,
                  status == http::status::ok ? place_->page.content_type : "text/plain");
    response_.set(http::field::connection, "close");
    if (status == http::status::method_not_allowed) response_.set(http::field::allow, "GET, HEAD");
    response_.content_length(body.size());
    const bool head = parser_.is_header_done() && parser_.get().method() == http::verb::head;
    if (!head) response_.body() = std::move(body);
    http::async_write(socket_, response_, [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->socket_.shutdown(tcp::socket::shutdown_both, ignored);
      self->end();
    });
  }

  TcpSocket socket_;
  Timer timer_;
  std::shared_ptr<Place> place_;
  // The buffer bounds what is read; a body would not be waited for.
  boost::beast::flat_static_buffer<kMaxPlainHeader + 1024> buffer_;
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
  bool answering_ = false;
};

class PlainServerImpl final : public PlainServer {
 public:
  PlainServerImpl(Acceptor acceptor, PlainPage page)
      : shared_(std::make_shared<Shared>(std::move(acceptor))) {
    shared_->place->page = std::move(page);
    error_code ignored;
    const auto here = shared_->acceptor.local_endpoint(ignored);
    port_ = here.port();
    shared_->place->loopback = here.address().is_loopback();
    accept(shared_);
  }
  ~PlainServerImpl() override {
    shared_->place->closed = true;
    error_code ignored;
    shared_->acceptor.close(ignored);
    shared_->pause.cancel();
    const auto clients = std::exchange(shared_->place->clients, {});
    for (const auto& client : clients) client->end();
  }
  std::uint16_t port() const override { return port_; }

 private:
  struct Shared {
    explicit Shared(Acceptor a)
        : acceptor(std::move(a)), pause(acceptor.get_executor()), socket(acceptor.get_executor()) {}
    Acceptor acceptor;
    Timer pause;
    TcpSocket socket;
    std::shared_ptr<Place> place = std::make_shared<Place>();
  };

  // Eight that say nothing must not keep Prometheus away.
  static bool make_room(Place& place) {
    if (place.clients.size() < kMaxPlainClients) return true;
    const auto silent = std::find_if(place.clients.begin(), place.clients.end(),
                                     [](const auto& client) { return client->silent(); });
    if (silent == place.clients.end()) return false;
    const auto client = *silent;
    client->end();
    return true;
  }

  static void accept(const std::shared_ptr<Shared>& shared) {
    shared->acceptor.async_accept(shared->socket, [shared](error_code ec) {
      auto& place = *shared->place;
      if (place.closed) return;
      if (ec) {
        shared->pause.expires_after(kAcceptPause);
        shared->pause.async_wait([shared](error_code cancelled) {
          if (!cancelled && !shared->place->closed) accept(shared);
        });
        return;
      }
      TcpSocket socket = std::exchange(shared->socket, TcpSocket(shared->acceptor.get_executor()));
      if (make_room(place)) {
        auto client = std::make_shared<PlainClient>(std::move(socket), shared->place);
        place.clients.push_back(client);
        client->start();
      }
      accept(shared);
    });
  }

  std::shared_ptr<Shared> shared_;
  std::uint16_t port_ = 0;
};

}  // namespace

core::Result<std::unique_ptr<PlainServer>> serve_plain(asio::io_context& io,
                                                       const std::string& address,
                                                       std::uint16_t port, PlainPage page) {
  error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) return core::invalid(fmt::format("cannot listen on {}: not an IP address", address));
  const tcp::endpoint endpoint(ip, port);
  Acceptor acceptor(io.get_executor());
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return core::io_error(
        fmt::format("cannot listen on {} port {}: {}", address, port, ec.message()));
  }
  return std::unique_ptr<PlainServer>(
      std::make_unique<PlainServerImpl>(std::move(acceptor), std::move(page)));
}

}  // namespace derivd::net
