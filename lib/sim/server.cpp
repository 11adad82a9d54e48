#include "sim/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>

#include "sim/control.hpp"

namespace derivd::sim {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Venue seconds made in one go before sockets get their turn.
constexpr std::int64_t kMaxSecondsPerTurn = 600;
constexpr auto kShortestSleep = std::chrono::microseconds(500);
constexpr auto kNotDrained = std::chrono::microseconds(100);

std::string header(const net::ServerRequest& request, std::string_view name) {
  for (const auto& h : request.headers)
    if (h.name == name) return h.value;
  return {};
}

HttpCall call_of(const net::ServerRequest& request) {
  return {request.method, request.target, header(request, "authorization"),
          header(request, "deriv-app-id"), header(request, "host")};
}

std::string in_url(const std::string& address) {
  return address.find(':') == std::string::npos ? address : fmt::format("[{}]", address);
}

}  // namespace

Server::Server(asio::io_context& io, Options options, Venue& venue)
    : io_(io), options_(std::move(options)), venue_(venue), timer_(io), origin_(Clock::now()) {
  free_time_ = options_.start;
}

Server::~Server() { stop(); }

core::Result<void> Server::start() {
  auto made = net::make_certificate(options_.tls_dir);
  if (!made) return made.error();
  certificate_ = *made;
  const auto shown = certificate_to_show();
  if (!shown) return shown.error();
  auto listening = net::listen(io_, options_.address, options_.port, *shown, *this);
  if (!listening) return listening.error();
  server_ = std::move(*listening);
  venue_.set_base(fmt::format("wss://{}:{}", in_url(options_.address), server_->port()));
  if (!options_.control.empty()) {
    control_ = std::make_unique<Control>(
        io_, options_.control, [this](std::string_view line) { return on_control(line); });
    if (auto ok = control_->listen(); !ok) return ok.error();
  }
  if (options_.speed && !options_.wait_for_client) running_since_ = Clock::now();
  venue_.advance(now());
  arm();
  return {};
}

/// With the fault: of another authority than the one that ca_file names.
core::Result<net::ServerCertificate> Server::certificate_to_show() const {
  if (!venue_.faults().has(FaultKind::kBadCertificate)) return certificate_;
  return net::make_certificate((std::filesystem::path(options_.tls_dir) / "untrusted").string());
}

std::string Server::ready_line() const {
  const auto host = fmt::format("{}:{}", in_url(options_.address), server_->port());
  JsonOut out;
  out.begin_object().raw("ready", "true").text("rest", "https://" + host);
  out.text("public", fmt::format("wss://{}/trading/v1/options/ws/public", host));
  out.text("v3", fmt::format("wss://{}/websockets/v3", host));
  return out.text("ca_file", certificate_.ca_file).end_object().take();
}

void Server::stop() {
  if (std::exchange(stopped_, true)) return;
  timer_.cancel();
  delayed_.clear();
  control_.reset();
  sockets_.clear();
  server_.reset();
}

// ---- time ----

core::Now Server::now() {
  const auto wall = Clock::now();
  core::Now out;
  out.instant.ns = std::chrono::nanoseconds(wall - origin_).count();
  if (!options_.speed) {
    out.venue = free_time_;
  } else {
    const double elapsed =
        running_since_ ? std::chrono::duration<double>(wall - *running_since_).count() : 0.0;
    out.venue = {options_.start.s + static_cast<std::int64_t>(elapsed * *options_.speed)};
  }
  // Never more than a bounded piece at once: the rest follows in the next turn.
  out.venue = std::min(out.venue, venue_.time() + std::chrono::seconds{kMaxSecondsPerTurn});
  out.venue = std::max(out.venue, venue_.time());
  return out;
}

void Server::arm() {
  if (stopped_) return;
  if (options_.speed)
    turn_paced();
  else
    turn_free();
}

void Server::turn() {
  if (stopped_) return;
  venue_.advance(now());
  perform(venue_.take_actions());
  arm();
}

/// Sleeps until the next venue second.
void Server::turn_paced() {
  auto until = Clock::now() + std::chrono::milliseconds(50);  // idle: look again for a client
  if (!running_since_ && venue_.streams() > 0) running_since_ = Clock::now();
  if (running_since_) {
    const auto next = static_cast<double>((venue_.time() - options_.start).count() + 1);
    until = *running_since_ + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(next / *options_.speed));
    until = std::max(until, Clock::now() + kShortestSleep);
    // Idle connections are looked at in wall time, however slow venue time is.
    until = std::min(until, Clock::now() + std::chrono::seconds(5));
  }
  timer_.expires_at(until);
  timer_.async_wait([this](error_code ec) {
    if (!ec) turn();
  });
}

bool Server::drained() const {
  return std::all_of(sockets_.begin(), sockets_.end(),
                     [](const auto& s) { return s.second->queued() == 0; });
}

void Server::turn_free() {
  const bool wanted = venue_.streams() > 0;
  if (wanted && drained() && !venue_.exhausted()) {
    free_time_ = free_time_ + std::chrono::seconds{1};
    return asio::post(io_, [this] { turn(); });
  }
  // A finished replay goes on at one second per second.
  const bool finished = wanted && venue_.exhausted();
  timer_.expires_after(finished ? std::chrono::microseconds(std::chrono::seconds(1))
                       : wanted ? kNotDrained
                                : std::chrono::microseconds(std::chrono::milliseconds(2)));
  timer_.async_wait([this, finished](error_code ec) {
    if (ec) return;
    if (finished) free_time_ = free_time_ + std::chrono::seconds{1};
    turn();
  });
}

// ---- sockets ----

net::HttpResponse Server::on_request(const net::ServerRequest& request) {
  auto answer = venue_.on_request(call_of(request), now());
  perform(venue_.take_actions());
  return {answer.status, std::move(answer.body)};
}

net::HttpResponse Server::on_upgrade(const net::ServerRequest& request) {
  auto answer = venue_.on_upgrade(call_of(request), now());
  perform(venue_.take_actions());
  return {answer.status, std::move(answer.body)};
}

void Server::on_connected(net::ServerSocket& socket, const net::ServerRequest& request) {
  sockets_[socket.id()] = &socket;
  venue_.on_connected(socket.id(), request.target, now());
  perform(venue_.take_actions());
}

void Server::on_frame(net::ServerSocket& socket, std::string_view frame) {
  venue_.on_frame(socket.id(), frame, now());
  perform(venue_.take_actions());
}

void Server::on_gone(net::ServerSocket& socket) {
  sockets_.erase(socket.id());
  venue_.on_gone(socket.id());
}

void Server::perform(std::vector<Action> actions) {
  for (auto& action : actions) {
    if (action.delay_ms <= 0) {
      perform_one(action);
      continue;
    }
    const auto key = next_delayed_++;
    auto timer =
        std::make_unique<asio::steady_timer>(io_, std::chrono::milliseconds(action.delay_ms));
    action.delay_ms = 0;
    timer->async_wait([this, key, action = std::move(action)](error_code ec) {
      if (ec) return;
      perform_one(action);
      delayed_.erase(key);
    });
    delayed_.emplace(key, std::move(timer));
  }
}

void Server::perform_one(const Action& action) {
  const auto found = sockets_.find(action.conn);
  if (found == sockets_.end()) return;
  net::ServerSocket& socket = *found->second;
  switch (action.kind) {
    case Action::Kind::kSend:
      if (action.split != 0)
        socket.send_split(action.frame, action.split);
      else
        socket.send(action.frame);
      return;
    case Action::Kind::kClose:
      socket.close(action.code);
      return;
    case Action::Kind::kAbort:
      socket.abort();
      return;
    case Action::Kind::kStopReading:
      socket.pause_reading(true);
      return;
  }
}

// ---- control ----

namespace {

std::string refuse(std::string_view why) {
  JsonOut out;
  return out.begin_object().raw("ok", "false").text("error", why).end_object().take();
}

}  // namespace

std::string Server::after_faults_changed() {
  const auto shown = certificate_to_show();
  if (!shown) return refuse(shown.error().text);
  if (auto done = server_->show(*shown); !done) return refuse(done.error().text);
  return R"({"ok":true})";
}

std::string Server::on_control(std::string_view line) {
  auto json = Json::parse(line);
  if (!json) return refuse(json.error().text);
  const Json* cmd = json->find("cmd");
  if (cmd == nullptr) {
    const auto added =
        json->is_array() ? venue_.faults().add_all(*json) : venue_.faults().add(*json);
    if (!added) return refuse(added.error().text);
    return after_faults_changed();
  }
  if (cmd->text() == "clear") {
    venue_.clear_faults();
    return after_faults_changed();
  }
  if (cmd->text() == "drop") {  // every connection, now
    for (const auto& [id, socket] : std::map(sockets_)) socket->abort();
    return R"({"ok":true})";
  }
  if (cmd->text() == "status") {
    JsonOut out;
    return out.begin_object().raw("ok", "true").raw("status", venue_.status()).end_object().take();
  }
  return refuse("unknown cmd: clear, drop, status");
}

}  // namespace derivd::sim
