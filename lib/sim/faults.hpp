// Owns the misbehaviour that a test orders from the simulated venue: rules of the form "when this
// happens, do that". The venue asks it at each call, each frame, each tick and each upgrade; the
// control socket and --faults fill it. It never acts by itself and is empty unless somebody filled
// it.
//
// A rule (YAML or JSON in a file, one JSON object a line on the control socket):
//
//   {"when": {"call": "buy", "dialect": "v3", "account": "VRTC9000001", "symbol": "R_100",
//             "nth": 3, "every": 5, "probability": 0.1, "times": 1},
//    "do": "lose_reply"}
//
// `when` members, all optional, all must hold:
//   call         the call's name (buy, proposal, ping, …); for stream frames their msg_type (tick,
//   ohlc,
//                proposal, proposal_open_contract, transaction, balance); candles: a
//                ticks_history of that style; for REST: accounts, otp,
//                reset-demo-balance, nickname, health; for upgrades: public, demo, real, v3
//   direction    request | stream | upgrade | rest | tick; default: what the call or the action
//   needs dialect      options | v3 account      loginid or account id symbol       the symbol of a
//   call, a stream frame or a tick nth          only the n-th occurrence that matches the rest (1 =
//   the first) every        every n-th occurrence probability  0..1, drawn from the seed times how
//   often at most (default: for ever; with nth: once)
//
// `do`, a text of a name and its argument:
//   drop_before            cut the TCP connection instead of acting                      request,
//   stream drop_after             act and answer, then cut request, stream drop_unanswered act,
//   then cut without an answer                               request lose_reply             act,
//   never answer; of a stream: lose this frame               request, stream error CODE[: message]
//   refuse without acting; of REST: CODE is an HTTP status        request, rest error_after CODE[:
//   m]  act, then answer with this error                              request delay MS hold the
//   answer (the frame) back, wall-clock milliseconds     request, stream duplicate send the answer
//   (the frame) twice                             request, stream split BYTES            send it in
//   WebSocket pieces of so many bytes                  request, stream garbage                send
//   text that is not JSON instead                            request, stream stop_reading read
//   nothing more from this connection                        request stop_writing           write
//   nothing more to this connection                         request, stream close [CODE] close it
//   properly (default 1001)                              request, stream expire_token           the
//   account's token is invalid from now on                    request, rest bad_otp hand out a
//   one-time password that does not work               rest refuse_upgrade STATUS  answer the
//   upgrade with this HTTP status                      upgrade skip_ticks N           swallow N
//   ticks from this one on                              tick repeat_tick            publish the
//   tick twice                                        tick jump_tick SECONDS      stamp the tick
//   with a later epoch for the streams only        tick close_market SECONDS   no ticks and
//   MarketIsClosed for so many venue seconds         tick hold_settlement S      settle contracts
//   bought by this buy S venue seconds later     request maintenance [message]  website_status says
//   "down", with the message                  request bad_certificate        present a certificate
//   of an unknown authority, as long as the rule is there                 (new connections)
//
// and of ticks_history alone, always of a request:
//   short_page N    no more than the latest N ticks
//   empty_page      no tick at all
//   holed_page N    without N ticks from the middle on
//   latest_page     the latest page, whatever start and end say
//   spoilt_page     the tick in the middle has a quote of 0, the next one's quote is no number, the
//                   one after comes twice, and so does the first, at the end
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"
#include "sim/json.hpp"

namespace derivd::sim {

enum class FaultKind : std::uint8_t {
  kDropBefore,
  kDropAfter,
  kDropUnanswered,
  kLoseReply,
  kError,
  kErrorAfter,
  kDelay,
  kDuplicate,
  kSplit,
  kGarbage,
  kStopReading,
  kStopWriting,
  kClose,
  kExpireToken,
  kBadOtp,
  kRefuseUpgrade,
  kSkipTicks,
  kRepeatTick,
  kJumpTick,
  kCloseMarket,
  kHoldSettlement,
  kMaintenance,
  kBadCertificate,
  kShortPage,
  kEmptyPage,
  kHoledPage,
  kLatestPage,
  kSpoiltPage,
};

enum class Direction : std::uint8_t { kRequest, kStream, kUpgrade, kRest, kTick };

struct Fault {
  FaultKind kind = FaultKind::kDelay;
  std::int64_t amount = 0;  // milliseconds, bytes, seconds, ticks, HTTP status, close code
  std::string code;         // kError, kErrorAfter
  std::string message;
};

/// What is happening, as far as it is known. Views live only during the call.
struct Occasion {
  Direction direction = Direction::kRequest;
  std::string_view call = {};
  std::string_view dialect = {};
  std::string_view account = {};
  std::string_view symbol = {};
  std::string_view style = {};  // candles: a ticks_history of candles, which `call` may name so
};

class Faults final {
 public:
  explicit Faults(std::uint64_t seed) : rng_(seed) {}

  static constexpr std::size_t kMaxRules = 256;

  /// Adds one rule. The error says which member is wrong and what is allowed.
  core::Result<void> add(const Json& rule);
  /// Adds all rules of a list, or none.
  core::Result<void> add_all(const Json& list);
  void clear() { rules_.clear(); }
  bool empty() const { return rules_.empty(); }
  bool has(FaultKind kind) const;

  /// Every fault that this occasion triggers, in the order of the rules. Counts the occurrence.
  std::vector<Fault> on(const Occasion& occasion);

  /// [{"rule":…,"seen":N,"hit":N}, …]
  std::string status() const;

 private:
  struct Rule {
    std::string text;
    Fault fault;
    Direction direction = Direction::kRequest;
    std::string call, dialect, account, symbol;
    std::int64_t nth = 0, every = 0, times = -1;
    double probability = 1;
    std::int64_t seen = 0, hit = 0;
  };
  static core::Result<Rule> parse(const Json& rule);
  static core::Result<void> parse_when(const Json& when, std::string_view allowed, Rule& rule);
  std::vector<Rule> rules_;
  core::Rng rng_;
};

/// Reads a fault file (YAML, of which JSON is a part): a list of rules, or a map with `rules`.
core::Result<Json> read_yaml_file(const std::string& path);

}  // namespace derivd::sim
