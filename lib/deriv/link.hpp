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

class Link final : public Wire {
 public:
  /// `now` is called once for each event. `after_event` runs when an event has been handled, so
  /// that the shell re-arms its timer.
  Link(boost::asio::io_context& io, net::TlsSettings tls, net::Timeouts timeouts,
       std::function<core::Now()> now, std::function<void()> after_event);
  ~Link();
  void attach(LinkEvents& session);

  void http(const HttpCall& call) override;
  void open(const std::string& url) override;
  void send(std::string_view frame) override;
  void close() override;
  void trust(const std::string& ca_file) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::deriv
