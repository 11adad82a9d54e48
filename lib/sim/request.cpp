#include "sim/request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {

std::string_view symbol_of(const Json& request) {
  const auto text_member = [](const Json& json, std::string_view key) {
    const Json* j = json.find(key);
    return j != nullptr && j->is_string() ? std::string_view(j->text()) : std::string_view{};
  };
  const Json* parameters = request.find("parameters");
  for (const auto key :
       {"underlying_symbol", "symbol", "ticks", "ticks_history", "contracts_for"}) {
    if (const auto t = text_member(request, key); !t.empty()) return t;
    if (parameters != nullptr)
      if (const auto t = text_member(*parameters, key); !t.empty()) return t;
  }
  return {};
}

Account& Request::account() const {
  DERIVD_CHECK(conn.account() != nullptr, "such a call is answered with an account alone");
  return *conn.account();
}

bool Request::has(FaultKind kind) const {
  return std::any_of(faults.begin(), faults.end(),
                     [kind](const Fault& f) { return f.kind == kind; });
}

bool Request::wants_stream() const {
  const Json* subscribe = json.find("subscribe");
  return subscribe != nullptr && subscribe->as_int() == 1;
}

void Request::reply(std::string frame) {
  const auto late = std::find_if(faults.begin(), faults.end(),
                                 [](const Fault& f) { return f.kind == FaultKind::kErrorAfter; });
  if (late != faults.end())
    frame = error_frame(envelope, info.name, {late->code, late->message}, conn.dialect());
  connections.send(conn, std::move(frame), faults, now.instant);
}

void Request::refuse(const WireError& error) {
  reply(error_frame(envelope, info.name, error, conn.dialect()));
}

Stream* Request::subscribe(Stream::Kind kind, std::string key, Ids& ids) {
  const auto refused = conn.streams.refusal(key);
  if (refused == Streams::Refusal::kAlready) {
    const auto symbol = symbol_of(json);
    refuse({"AlreadySubscribed",
            fmt::format("You are already subscribed to {}.",
                        symbol.empty() || info.call == Call::kProposal ? info.name : symbol)});
    return nullptr;
  }
  if (refused == Streams::Refusal::kFull) {
    refuse({"RateLimit", "You have reached the limit of concurrent subscriptions."});
    return nullptr;
  }
  Stream s;
  s.kind = kind;
  s.id = ids.next();
  s.key = std::move(key);
  s.envelope = envelope;
  return &conn.streams.add(std::move(s));
}

}  // namespace derivd::sim
