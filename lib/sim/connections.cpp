#include "sim/connections.hpp"

#include "core/check.hpp"

namespace derivd::sim {

Connection::Connection(ConnId id, Dialect dialect, Grant* grant, core::Instant now)
    : id_(id), dialect_(dialect), grant_(grant), last_traffic_(now) {
  DERIVD_CHECK(grant == nullptr || grant->account != nullptr, "a token is somebody's");
  if (v3())
    limits_ = std::make_unique<V3Limits>();
  else
    limits_ = std::make_unique<OptionsLimits>();
}

std::string_view Connection::account_name() const {
  return grant_ != nullptr ? std::string_view(grant_->account->name()) : std::string_view{};
}

void Connection::log_in(Grant& grant) {
  DERIVD_CHECK(grant.account != nullptr, "a token is somebody's");
  if (account() != grant.account) end_account();
  grant_ = &grant;
}

void Connection::log_out() {
  end_account();
  grant_ = nullptr;
}

void Connection::end_account() {
  streams.drop([](const Stream& s) { return s.is_of_account(); });
  proposals.clear();
}

bool Connection::admit(const CallInfo& info, core::Instant now) {
  // options: pings have a budget of their own; v3 counts them with the rest.
  if (info.call == Call::kPing && !v3()) return pings_.admit(now);
  return account() != nullptr ? account()->admit(info.name, now) : limits_->admit(info.name, now);
}

Connection& Connections::open(ConnId id, Dialect dialect, Grant* grant, core::Instant now) {
  auto c = std::make_unique<Connection>(id, dialect, grant, now);
  return *list_.insert_or_assign(id, std::move(c)).first->second;
}

Connection* Connections::find(ConnId id) {
  const auto it = list_.find(id);
  return it == list_.end() || it->second->closing_ ? nullptr : it->second.get();
}

std::size_t Connections::streams() const {
  std::size_t n = 0;
  for (const auto& [id, c] : list_) n += c->streams.size();
  return n;
}

void Connections::heard(Connection& c, std::string_view text, core::Instant now) {
  c.last_traffic_ = now;
  transcript_.note("in", name_of(c.dialect()), c.id(), text);
}

void Connections::put(const Connection& c, Action action) {
  DERIVD_CHECK(!c.closing_, "nothing follows the end of a connection");
  actions_.push_back(std::move(action));
}

void Connections::send(Connection& c, std::string text, const std::vector<Fault>& faults,
                       core::Instant now) {
  if (c.closing_ || c.muted_) return;
  Action action{Action::Kind::kSend, c.id(), std::move(text), 0, 0, 0};
  int copies = 1;
  bool then_abort = false;
  std::optional<std::uint16_t> then_close;
  for (const Fault& f : faults) {
    switch (f.kind) {
      case FaultKind::kDropUnanswered:
        abort(c);
        return;
      case FaultKind::kLoseReply:
        return;
      case FaultKind::kDelay:
        action.delay_ms += f.amount;
        break;
      case FaultKind::kDuplicate:
        ++copies;
        break;
      case FaultKind::kSplit:
        action.split = static_cast<std::size_t>(std::max<std::int64_t>(f.amount, 1));
        break;
      case FaultKind::kGarbage:
        action.frame = "{\"echo_req\":{\"tr";
        break;
      case FaultKind::kDropAfter:
        then_abort = true;
        break;
      case FaultKind::kClose:
        then_close = static_cast<std::uint16_t>(f.amount);
        break;
      case FaultKind::kStopWriting:
        c.muted_ = true;
        return;
      default:
        break;
    }
  }
  c.last_traffic_ = now;
  for (; copies > 0; --copies) {
    transcript_.note("out", name_of(c.dialect()), c.id(), action.frame);
    put(c, action);
  }
  if (then_close) close(c, *then_close);
  if (then_abort) abort(c);
}

void Connections::push(Connection& c, std::string_view msg_type, std::string_view symbol,
                       std::string text, core::Instant now) {
  if (faults_.empty()) return send(c, std::move(text), {}, now);
  const auto faults =
      faults_.on({Direction::kStream, msg_type, name_of(c.dialect()), c.account_name(), symbol});
  for (const Fault& f : faults)
    if (f.kind == FaultKind::kDropBefore) return abort(c);
  send(c, std::move(text), faults, now);
}

/// Also of a connection that has just been cut: there it changes nothing.
void Connections::stop_reading(Connection& c) {
  actions_.push_back({Action::Kind::kStopReading, c.id(), {}, 0, 0, 0});
}

void Connections::close(Connection& c, std::uint16_t code) {
  put(c, {Action::Kind::kClose, c.id(), {}, 0, 0, code});
  c.closing_ = true;
}

void Connections::abort(Connection& c) {
  if (c.closing_) return;
  put(c, {Action::Kind::kAbort, c.id(), {}, 0, 0, 0});
  c.closing_ = true;
}

void Connections::abort_idle(core::Instant now) {
  for (auto& [id, c] : list_)
    if (c->v3() && now - c->last_traffic_ >= kV3Idle) abort(*c);
}

void Connections::abort_quiet(core::VenueTime now, std::int64_t seconds) {
  for (auto& [id, c] : list_) {
    if (c->quiet_since_.s == 0 || c->seen_traffic_ != c->last_traffic_) {
      c->seen_traffic_ = c->last_traffic_;
      c->quiet_since_ = now;
    } else if ((now - c->quiet_since_).count() >= seconds) {
      abort(*c);
    }
  }
}

void Connections::unmute() {
  for (auto& [id, c] : list_) c->muted_ = false;
}

}  // namespace derivd::sim
