// Owns what the venue of this benchmark remembers: one account, its ticks and its contracts, and
// the texts of both dialects about them. It is written from the recorded payloads and shares no
// code with derivd's codec or with derivsim, so that a misunderstanding cannot cancel another. It
// never sees a socket or a clock: its time is the epoch of its newest tick.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace derivd::wire {

enum class Dialect : std::uint8_t { kOptions, kV3 };

inline constexpr std::string_view kSymbol = "1HZ100V";

struct Tick {
  std::int64_t epoch = 0;  // seconds
  std::int64_t cents = 0;  // of the quote, which has two decimals
  bool is_even() const { return cents % 2 == 0; }
};

/// A digit contract of one tick.
struct Contract {
  std::int64_t id = 0;
  std::int64_t buy_tx = 0;
  std::int64_t sell_tx = 0;  // 0: not sold yet
  std::string type;          // DIGITEVEN or DIGITODD
  std::int64_t stake = 0;    // cents, like all money here
  std::int64_t payout = 0;
  std::int64_t start = 0;   // epoch of the tick that it was bought on
  std::vector<Tick> ticks;  // two before the start, that of the start, and the one that decides
  bool is_decided = false;
  bool is_won = false;

  bool is_sold() const { return sell_tx != 0; }
  std::int64_t value() const { return is_won ? payout : 0; }  // once decided
};

/// A request as its answers and its stream repeat it. `id` is that of the stream, empty without.
struct Envelope {
  std::string echo;
  std::int64_t req_id = 0;
  std::string id;
};

class Books final {
 public:
  /// `now` is the epoch of the first tick to come.
  explicit Books(std::int64_t now);

  /// The next tick of a random walk, a second after the last one, with a last digit of that parity.
  const Tick& next_tick(bool even);
  const Tick& last_tick() const { return ticks_.back(); }
  std::int64_t balance() const { return balance_; }

  /// Debits the stake.
  Contract& buy(std::string_view type, std::int64_t stake);
  /// Decides the open contracts by the newest tick; returns the first of them.
  std::size_t decide();
  /// Credits what a decided contract is worth.
  void pay(Contract& contract);
  std::vector<Contract>& contracts() { return contracts_; }
  Contract* find(std::int64_t id);

  // Payloads: the member that carries the answer.
  std::string balance_json(Dialect dialect, std::string_view stream) const;
  std::string history_json(std::int64_t start, std::size_t count) const;
  std::string tick_json(std::string_view stream) const;
  std::string buy_json(const Contract& contract) const;
  std::string transaction_json(Dialect dialect, const Contract& contract, bool sale,
                               std::string_view stream) const;
  std::string contract_json(Dialect dialect, const Contract& contract,
                            std::string_view stream) const;
  std::string portfolio_json(Dialect dialect) const;
  std::string profit_table_json(std::int64_t since, std::size_t offset, std::size_t limit) const;
  /// {"balance":"10000.33","contracts":[{"contract_id":…,"stake":"0.35","profit":"0.33"}]}, profit
  /// null while open: what the driver compares derivd's journal with.
  std::string ledger_json() const;

 private:
  std::int64_t balance_ = 10'000'00;
  std::deque<Tick> ticks_;
  std::vector<Contract> contracts_;
  std::size_t open_from_ = 0;  // contracts before it are decided
  std::int64_t transactions_ = 535'745'000'000;
  std::uint64_t walk_ = 1;
};

std::string_view account_of(Dialect dialect);
std::string authorize_json();
std::string active_symbols_json(Dialect dialect);

/// {"echo_req":…,"msg_type":…,"req_id":…,"subscription":…,NAME:PAYLOAD}
std::string frame(const Envelope& envelope, std::string_view msg_type, std::string_view name,
                  std::string_view payload);

}  // namespace derivd::wire
