// Owns the joining of Session and Probe to net: it performs what they ask of Wire and turns socket
// events into theirs. The daemon makes one, and derivctl one for each question to Deriv. It decides
// nothing.
#pragma once

#include <functional>
#include <memory>

#include "core/time.hpp"
#include "deriv/session.hpp"
#include "net/net.hpp"

namespace derivd::deriv {

/// "user:password" for a proxy; null: none.
using ProxyLogin = std::shared_ptr<const core::Secret>;
/// Error: the address names a proxy that is none; the text does not say where it was named.
core::Result<net::Route> route_to(const VenueAddress& address, const ProxyLogin& login);

class Link final : public Wire {
 public:
  /// `now` is called once for each event. `after_event` runs when an event has been handled, so
  /// that the shell re-arms its timer. Without a route every attempt fails: nothing goes another
  /// way than the one that was asked for. `login` is for the proxies that use() names.
  Link(boost::asio::io_context& io, core::Result<net::Route> route, net::Timeouts timeouts,
       std::function<core::Now()> now, std::function<void()> after_event, ProxyLogin login = {});
  ~Link();
  void attach(LinkEvents& session);

  void http(const HttpCall& call) override;
  void open(const std::string& url) override;
  void send(std::string_view frame) override;
  void close() override;
  void use(const VenueAddress& address) override;

  /// Nothing is under way, and no event will come unless it is asked for something.
  bool at_rest() const;
  /// What an attempt is at, in words for a person; empty: nothing is under way.
  std::string waiting_for() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::deriv
