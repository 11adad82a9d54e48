#include "deriv/link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstring>
#include <utility>
#include <vector>

namespace derivd::deriv {

struct Link::Impl {
  /// One connection attempt. Destroyed when the session turns to another, also from inside one of
  /// its own callbacks, which net allows; so nothing of it is touched after event().
  struct Attempt final : net::WebSocketHandler {
    explicit Attempt(Impl& impl) : link(impl) {}
    void on_open() override {
      link.event([](LinkEvents& s, const core::Now& t) { s.on_open(t); });
    }
    void on_frame(std::string_view frame, std::size_t capacity) override {
      link.event([&](LinkEvents& s, const core::Now& t) { s.on_frame(frame, capacity, t); });
    }
    void on_closed(const net::LinkError& error) override {
      ended = true;
      link.event([&](LinkEvents& s, const core::Now& t) {
        s.on_closed(error.http_status, error.error.text, t);
      });
    }
    Impl& link;
    std::unique_ptr<net::WebSocket> socket;
    bool ended = false;
  };

  Impl(boost::asio::io_context& context, core::Result<net::Route> way, net::Timeouts bounds,
       std::function<core::Now()> clock, std::function<void()> after, ProxyLogin user)
      : io(context),
        route(std::move(way)),
        login(std::move(user)),
        timeouts(bounds),
        now(std::move(clock)),
        after_event(std::move(after)) {}

  template <class Event>
  void event(Event&& perform) {
    if (!session) return;
    perform(*session, now());
    after_event();
  }

  /// Runs `task` from the loop, unless the link is gone by then.
  template <class Task>
  void later(Task task) {
    boost::asio::post(io, [still = std::weak_ptr<bool>(alive), task = std::move(task)] {
      if (!still.expired()) task();
    });
  }

  void drop_exchange() {
    ++exchange_number;  // an answer under way belongs to nobody
    exchange.reset();
  }

  void on_http_done(std::uint64_t number,
                    boost::system::result<net::HttpResponse, net::LinkError> result) {
    if (number != exchange_number) return;
    if (result) {
      event([&](LinkEvents& s, const core::Now& t) { s.on_http(result->status, result->body, t); });
      // One of the answers is a one-time password.
      ::explicit_bzero(result->body.data(), result->body.size());
    } else {
      event([&](LinkEvents& s, const core::Now& t) {
        s.on_http_failed(result.error().error.text, t);
      });
    }
  }

  boost::asio::io_context& io;
  core::Result<net::Route> route;  // of the next attempt; one that runs keeps its own
  const ProxyLogin login;
  const net::Timeouts timeouts;
  const std::function<core::Now()> now;
  const std::function<void()> after_event;
  LinkEvents* session = nullptr;
  std::unique_ptr<Attempt> attempt;
  std::unique_ptr<net::HttpExchange> exchange;
  std::uint64_t exchange_number = 0;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

core::Result<net::Route> route_to(const VenueAddress& address, const ProxyLogin& login) {
  if (address.proxy.empty()) return net::Route(net::TlsSettings{address.ca_file});
  auto proxy = net::Proxy::parse(address.proxy);
  if (!proxy) return proxy.error();
  proxy->login = login;
  return net::Route(net::TlsSettings{address.ca_file}, std::move(*proxy));
}

Link::Link(boost::asio::io_context& io, core::Result<net::Route> route, net::Timeouts timeouts,
           std::function<core::Now()> now, std::function<void()> after_event, ProxyLogin login)
    : impl_(std::make_unique<Impl>(io, std::move(route), timeouts, std::move(now),
                                   std::move(after_event), std::move(login))) {}
Link::~Link() = default;

void Link::attach(LinkEvents& session) { impl_->session = &session; }

void Link::http(const HttpCall& call) {
  auto& link = *impl_;
  link.drop_exchange();
  const auto number = link.exchange_number;
  auto url = net::Url::parse(call.url);
  if (!url || !link.route) {
    return link.later([&link, number, why = (url ? link.route.error() : url.error()).text] {
      if (number != link.exchange_number) return;
      link.event([&](LinkEvents& s, const core::Now& now) { s.on_http_failed(why, now); });
    });
  }
  net::HttpRequest request;
  request.method = call.method;
  request.url = std::move(*url);
  for (const auto& [name, value] : call.headers) request.headers.push_back({name, value});
  link.exchange =
      net::fetch(link.io, std::move(request), *link.route, link.timeouts,
                 [&link, number](auto result) { link.on_http_done(number, std::move(result)); });
}

void Link::open(const std::string& text) {
  auto& link = *impl_;
  link.attempt.reset();
  link.drop_exchange();
  link.attempt = std::make_unique<Impl::Attempt>(link);
  const auto url = net::Url::parse(text);
  if (!url || !link.route) {
    // Without the parser's text, which quotes the URL, and that may hold a password.
    const auto why = url ? link.route.error() : core::invalid("the address of the socket is none");
    return link.later([&link, why, attempt = link.attempt.get()] {
      if (attempt != link.attempt.get()) return;
      attempt->on_closed(net::LinkError{net::Step::kResolve, why, 0, {}});
    });
  }
  link.attempt->socket = net::connect(link.io, *url, *link.route, link.timeouts, *link.attempt);
}

void Link::send(std::string_view frame) {
  // A send that fails closes the link, which on_closed tells.
  if (impl_->attempt && impl_->attempt->socket) impl_->attempt->socket->send(frame);
}

void Link::use(const VenueAddress& address) { impl_->route = route_to(address, impl_->login); }

bool Link::at_rest() const {
  const auto& attempt = impl_->attempt;
  return !impl_->exchange && (!attempt || !attempt->socket || attempt->ended);
}

std::string Link::waiting_for() const {
  if (impl_->exchange) return impl_->exchange->waiting_for();
  if (impl_->attempt && impl_->attempt->socket) return impl_->attempt->socket->waiting_for();
  return {};
}

void Link::close() {
  impl_->drop_exchange();
  if (impl_->attempt && impl_->attempt->socket) impl_->attempt->socket->close();
}

}  // namespace derivd::deriv
