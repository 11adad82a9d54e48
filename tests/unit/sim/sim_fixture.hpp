// A venue without sockets, with a clock that tests turn, and clients that keep what they receive.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "sim/venue.hpp"

namespace derivd::sim::test {

using nlohmann::json;

inline constexpr std::int64_t kStart = 1'780'000'000;  // even, a multiple of 60 + 40

/// A replay of one tick per interval from `start` on.
inline ReplaySource replay(std::string symbol, std::int64_t start,
                           const std::vector<std::int64_t>& mantissas, std::int64_t interval) {
  ReplaySource out{std::move(symbol), {}};
  for (std::size_t i = 0; i < mantissas.size(); ++i)
    out.points.push_back({start + static_cast<std::int64_t>(i) * interval, mantissas[i]});
  return out;
}

class Sim {
 public:
  explicit Sim(Venue::Options options = defaults()) : venue_(with_sinks(std::move(options))) {
    now_.venue = venue_.time();
    venue_.set_base("wss://127.0.0.1:1");
  }
  static Venue::Options defaults() {
    Venue::Options o;
    o.seed = 42;
    o.start = {kStart};
    for (const auto* t : {"pat_demo", "pat_real:trade,account_manage:real", "pat_none:payment",
                          "v3demo", "v3read:read", "v3info:trading_information"})
      if (auto spec = TokenSpec::parse(t)) o.tokens.push_back(*spec);
    auto real = TokenSpec::parse("v3real:read,trade,trading_information:real");
    o.tokens.push_back(*real);
    return o;
  }

  Venue& venue() { return venue_; }
  core::Now now() const { return now_; }
  std::int64_t time() const { return venue_.time().s; }

  /// Venue seconds, with as many wall seconds.
  void advance(std::int64_t seconds) {
    now_.venue = venue_.time() + std::chrono::seconds{seconds};
    now_.instant.ns += seconds * 1'000'000'000;
    venue_.advance(now_);
    drain();
  }
  void wall(std::chrono::milliseconds d) { now_.instant = now_.instant + d; }

  HttpAnswer rest(std::string method, std::string target, std::string token = {},
                  std::string app = "1089") {
    auto answer = venue_.on_request({std::move(method), std::move(target),
                                     token.empty() ? "" : "Bearer " + token, std::move(app)},
                                    now_);
    drain();
    return answer;
  }
  HttpAnswer upgrade(std::string target) {
    return venue_.on_upgrade({"GET", target, "", ""}, now_);
  }

  std::string account_of(const std::string& token) {
    return json::parse(
        rest("GET", "/trading/v1/options/accounts", token).body)["data"][0]["account_id"];
  }
  std::string otp_url(const std::string& token) {
    const auto answer =
        rest("POST", "/trading/v1/options/accounts/" + account_of(token) + "/otp", token);
    const std::string url = json::parse(answer.body)["data"]["url"];
    return url.substr(url.find("/trading"));
  }
  ConnId open(const std::string& target) {
    EXPECT_EQ(upgrade(target).status, 101) << target;
    const ConnId id = ++last_conn_;
    venue_.on_connected(id, target, now_);
    drain();
    return id;
  }
  ConnId options(const std::string& token = "pat_demo") { return open(otp_url(token)); }
  ConnId open_public() { return open("/trading/v1/options/ws/public"); }
  ConnId v3(const std::string& token = "v3demo") {
    const ConnId c = open("/websockets/v3?app_id=1089");
    if (!token.empty()) {
      const auto reply = call(c, {{"authorize", token}});
      EXPECT_FALSE(reply.contains("error")) << reply;
    }
    return c;
  }
  void gone(ConnId c) { venue_.on_gone(c); }

  void send_text(ConnId c, const std::string& text) {
    venue_.on_frame(c, text, now_);
    drain();
  }
  /// The first frame with this request's id; others stay in the inbox.
  json call(ConnId c, json request) {
    const int id = ++last_req_;
    request["req_id"] = id;
    send_text(c, request.dump());
    auto& box = inbox_[c];
    // A stream repeats the req_id of its request: the reply is never one of those msg_types.
    const auto wanted = [&](const json& m) {
      if (m.value("req_id", 0) != id) return false;
      const std::string type = m["msg_type"];
      return !(request.contains("buy") && type == "proposal_open_contract");
    };
    for (std::size_t i = 0; i < box.size(); ++i)
      if (wanted(box[i])) {
        json out = box[i];
        box.erase(box.begin() + static_cast<std::ptrdiff_t>(i));
        return out;
      }
    return nullptr;
  }
  /// Everything received and not yet taken, in order.
  std::vector<json> take(ConnId c) { return std::exchange(inbox_[c], {}); }
  std::vector<json> take(ConnId c, const std::string& msg_type) {
    std::vector<json> out;
    for (auto& m : take(c))
      if (m["msg_type"] == msg_type) out.push_back(m);
    return out;
  }
  std::vector<Action> take_other_actions() { return std::exchange(others_, {}); }

  std::vector<json> ledger(const std::string& event = {}) const {
    std::vector<json> out;
    for (const auto& line : ledger_)
      if (event.empty() || line["event"] == event) out.push_back(line);
    return out;
  }
  const std::vector<std::string>& bytes() const { return bytes_; }

 private:
  Venue::Options with_sinks(Venue::Options o) {
    std::erase_if(o.tokens, [](const TokenSpec& t) { return t.token.empty(); });
    o.ledger = [this](std::string_view line) { ledger_.push_back(json::parse(line)); };
    o.record = [this](std::string_view line) { bytes_.emplace_back(line); };
    return o;
  }
  void drain() {
    for (auto& a : venue_.take_actions()) {
      if (a.kind == Action::Kind::kSend && a.split == 0 && a.delay_ms == 0 && json::accept(a.frame))
        inbox_[a.conn].push_back(json::parse(a.frame));
      else
        others_.push_back(std::move(a));
    }
  }

  std::vector<json> ledger_;
  std::vector<std::string> bytes_;
  Venue venue_;
  core::Now now_;
  std::map<ConnId, std::vector<json>> inbox_;
  std::vector<Action> others_;
  ConnId last_conn_ = 0;
  int last_req_ = 0;
};

/// Exact text of a JSON number of ours: dump() of nlohmann prints the shortest form of the double.
inline std::string text(const json& j) { return j.is_string() ? j.get<std::string>() : j.dump(); }

inline std::string code(const json& m) {
  return m.contains("error") ? m["error"]["code"].get<std::string>() : "";
}

inline json proposal_of(const std::string& type, int duration, const std::string& unit,
                        const std::string& symbol, const std::string& symbol_key,
                        const std::string& amount = "1") {
  return {{"proposal", 1},         {"amount", json::parse(amount)},
          {"basis", "stake"},      {"contract_type", type},
          {"currency", "USD"},     {"duration", duration},
          {"duration_unit", unit}, {symbol_key, symbol}};
}

}  // namespace derivd::sim::test
