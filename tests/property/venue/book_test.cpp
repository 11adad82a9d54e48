// The contract book under random use: no cent appears or vanishes, nothing is paid twice, and how
// often it is told the time makes no difference.

#include "venue/book.hpp"

#include <gmock/gmock.h>

#include <set>

#include "property/market/generate.hpp"

namespace derivd::venue {
namespace {

using core::ContractId;
using core::Money;
using core::Rng;
using core::VenueTime;
using market::between;
using market::ContractSpec;
using market::SymbolInfo;
using market::Tick;

constexpr int kRuns = 120;
constexpr std::int64_t kBegin = 1'000'000;
constexpr std::int64_t kSeconds = 400;
constexpr std::size_t kAccounts = 3;

/// One thing that clients do, decided beforehand so that two books can be driven alike.
struct Wish {
  std::int64_t at;
  AccountIndex account;
  ContractSpec spec;
  Money stake;
  bool sell = false;  // instead: resell the n-th contract of the account
  std::uint64_t which = 0;
};

struct Scenario {
  std::vector<Tick> ticks;  // by epoch
  std::vector<Wish> wishes;
};

ContractSpec any_spec(Rng& rng, const SymbolInfo& symbol) {
  if (rng.below(5) != 0) return market::any_digital(rng, symbol);
  ContractSpec spec;
  spec.type = rng.below(2) == 0 ? market::ContractType::kMultUp : market::ContractType::kMultDown;
  spec.symbol = symbol.code;
  spec.multiplier_terms().multiplier =
      symbol.multipliers[0] != 0 ? symbol.multipliers[rng.below(5)] : 100;
  if (rng.below(2) == 0) spec.multiplier_terms().take_profit = Money::minor(between(rng, 1, 200));
  if (rng.below(2) == 0) spec.multiplier_terms().stop_loss = Money::minor(between(rng, 1, 200));
  return spec;
}

Scenario any_scenario(Rng& rng) {
  Scenario s;
  std::vector<const SymbolInfo*> symbols;
  for (const auto* code : {"R_100", "R_50", "1HZ100V"}) {
    symbols.push_back(market::find_symbol(code));
    for (const auto& t : market::any_feed(rng, *symbols.back(), kBegin, kSeconds)) {
      if (t.epoch.s < kBegin + kSeconds) s.ticks.push_back(t);
    }
  }
  std::ranges::stable_sort(s.ticks, {}, [](const Tick& t) { return t.epoch; });
  for (int i = 0; i < 150; ++i) {
    Wish w;
    w.at = kBegin + between(rng, 0, kSeconds - 1);
    w.account = static_cast<AccountIndex>(rng.below(kAccounts));
    w.spec = any_spec(rng, *symbols[rng.below(symbols.size())]);
    w.stake = Money::minor(between(rng, 20, 5'000));
    w.sell = rng.below(4) == 0;
    w.which = rng.next();
    s.wishes.push_back(w);
  }
  std::ranges::stable_sort(s.wishes, {}, &Wish::at);
  return s;
}

class Session {
 public:
  /// `patience`: seconds between two calls of on_time; 0: as next_due() says.
  Session(const Scenario& scenario, std::int64_t patience) : patience_(patience) {
    for (std::size_t i = 0; i < kAccounts; ++i) {
      book.add_account("A" + std::to_string(i), kStart);
    }
    auto tick = scenario.ticks.begin();
    auto wish = scenario.wishes.begin();
    for (now_ = kBegin; now_ < kBegin + kSeconds; ++now_) {
      for (; tick != scenario.ticks.end() && tick->epoch.s <= now_; ++tick) {
        step([&](auto& out) { book.on_tick(*tick, out); });
      }
      if (time_is_due()) tell_time();
      for (; wish != scenario.wishes.end() && wish->at <= now_; ++wish) act(*wish);
    }
    now_ += 100;
    tell_time();
  }

  static constexpr Money kStart = Money::minor(50'000);
  Book book{Book::Options{}};
  std::vector<Change> changes;
  std::set<ContractId> sold;
  std::vector<Money> spent = std::vector<Money>(kAccounts);

 private:
  bool time_is_due() const {
    if (patience_ != 0) return now_ % patience_ == 0;
    const auto due = book.next_due();
    return due && due->s <= now_;
  }
  void tell_time() {
    step([&](auto& out) { book.on_time({now_}, out); });
    const auto due = book.next_due();
    ASSERT_TRUE(!due || due->s > now_);
  }
  template <class F>
  void step(F f) {
    std::vector<Change> out;
    f(out);
    changes.insert(changes.end(), out.begin(), out.end());
  }
  void act(const Wish& w) {
    const auto before = book.account(w.account).balance;
    if (w.sell) {
      const auto& own = book.contracts_of(w.account);
      if (own.empty()) return;
      const auto id = own[w.which % own.size()];
      const auto price = book.sell(w.account, id, {now_});
      if (!price) {
        ASSERT_EQ(book.account(w.account).balance, before);
        return;
      }
      ASSERT_EQ(book.account(w.account).balance, before + *price);
      ASSERT_TRUE(sold.insert(id).second);
      return;
    }
    const auto quote = book.quote(w.spec, w.stake, std::nullopt, {now_});
    if (!quote) return;
    const auto id = book.buy(w.account, w.spec, quote->stake, quote->payout, {now_});
    if (!id) {
      ASSERT_EQ(id.error().kind, RefusalKind::kInsufficientBalance);
      ASSERT_GT(quote->stake, before);
      ASSERT_EQ(book.account(w.account).balance, before);
      return;
    }
    spent[w.account] += quote->stake;
    ASSERT_EQ(book.account(w.account).balance, before - quote->stake);
    ASSERT_GE(book.account(w.account).balance.units(), 0);
  }

  std::int64_t patience_;
  std::int64_t now_ = 0;
};

std::vector<const Contract*> all_of(const Book& book) {
  std::vector<const Contract*> out;
  for (AccountIndex a = 0; a < kAccounts; ++a) {
    for (const auto id : book.contracts_of(a)) out.push_back(book.find(id));
  }
  return out;
}

TEST(BookLaws, MoneyIsConserved) {
  std::int64_t contracts = 0;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Session run(any_scenario(rng), 1);
    for (AccountIndex a = 0; a < kAccounts; ++a) {
      auto expected = Session::kStart;
      Money stakes;
      for (const auto id : run.book.contracts_of(a)) {
        const auto& c = *run.book.find(id);
        ASSERT_EQ(c.account, a);
        stakes += c.stake;
        expected -= c.stake;
        if (c.phase == Phase::kSettled) expected += c.sell_price;
        ++contracts;
      }
      ASSERT_EQ(stakes, run.spent[a]);
      ASSERT_EQ(run.book.account(a).balance, expected);
    }
  }
  EXPECT_GT(contracts, 5'000);
}

TEST(BookLaws, EveryContractHasOneLife) {
  int settled = 0;
  int resold = 0;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Session run(any_scenario(rng), 1);
    std::map<ContractId, std::vector<Change::Kind>> lives;
    for (const auto& change : run.changes) lives[change.contract].push_back(change.kind);
    std::set<core::TransactionId> transactions;
    for (const auto* c : all_of(run.book)) {
      const auto& life = lives[c->id];
      const auto count = [&](Change::Kind kind) { return std::ranges::count(life, kind); };
      const bool was_resold = run.sold.contains(c->id);
      ASSERT_LE(count(Change::Kind::kEntered), 1);
      ASSERT_EQ(count(Change::Kind::kExpired), count(Change::Kind::kSettled));
      ASSERT_EQ(count(Change::Kind::kSettled), c->phase == Phase::kSettled && !was_resold ? 1 : 0);
      if (count(Change::Kind::kEntered) == 1) {
        ASSERT_EQ(life.front(), Change::Kind::kEntered);
      }
      if (count(Change::Kind::kSettled) == 1) {
        ASSERT_EQ(life.back(), Change::Kind::kSettled);
        ASSERT_EQ(life[life.size() - 2], Change::Kind::kExpired);
        ++settled;
      }
      if (was_resold) {
        ASSERT_EQ(c->outcome, Outcome::kSold);
        ++resold;
      }
      ASSERT_TRUE(transactions.insert(c->buy_tx).second);
      if (c->phase == Phase::kSettled) {
        ASSERT_TRUE(transactions.insert(c->sell_tx).second);
        ASSERT_GE(c->sell_price.units(), 0);
        ASSERT_GE(c->sell_time, c->purchase_time);
        if (market::has_payout(c->spec.type) && !was_resold && c->outcome == Outcome::kLost) {
          ASSERT_TRUE(c->sell_price.is_zero());
        }
        if (market::has_payout(c->spec.type) && c->outcome == Outcome::kWon) {
          ASSERT_EQ(c->sell_price, c->payout);
        }
      } else {
        ASSERT_FALSE(c->sell_tx);
      }
    }
  }
  EXPECT_GT(settled, 2'000);
  EXPECT_GT(resold, 100);
}

TEST(BookLaws, PaysInOrderOfDueTimeThenId) {
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const auto patience = between(rng, 0, 60);
    const Session run(any_scenario(rng), patience);
    std::pair<VenueTime, ContractId> before{};
    for (const auto& change : run.changes) {
      if (change.kind != Change::Kind::kSettled) continue;
      const auto* c = run.book.find(change.contract);
      ASSERT_EQ(c->sell_time, c->settle_due);
      const std::pair now{c->settle_due, c->id};
      // A contract decided late by a slow caller may be due before what was paid in earlier calls.
      if (patience <= 1) {
        ASSERT_LT(before, now);
      }
      before = now;
    }
  }
}

// The book's settlement is that of a Life fed with all ticks of its symbol.
TEST(BookLaws, SettlesAsTheLifeAloneWould) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const auto scenario = any_scenario(rng);
    const Session run(scenario, 1);
    for (const auto* c : all_of(run.book)) {
      if (!market::has_payout(c->spec.type) || run.sold.contains(c->id)) continue;
      market::Life alone(c->spec, {c->purchase_time, c->stake, c->payout},
                         market::find_symbol(c->spec.symbol));
      for (const auto& t : scenario.ticks) alone.on_tick(t);
      alone.on_time({kBegin + kSeconds + 99});
      ASSERT_EQ(c->life.ended(), alone.ended());
      ASSERT_EQ(c->life.entry(), alone.entry());
      ASSERT_EQ(c->life.exit(), alone.exit());
      if (c->spec.duration.in_ticks() && alone.exit()) {
        ASSERT_EQ(c->stream.size(),
                  static_cast<std::size_t>(c->spec.duration.count +
                                           (market::kind_of(c->spec.type).entry_counts ? 0 : 1)));
        ASSERT_EQ(c->stream.front(), *alone.entry());
        ASSERT_EQ(c->stream.back(), *alone.exit());
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 2'000);
}

// Without early sales, which depend on when they are asked for, the result does not depend on how
// often the book is told the time.
TEST(BookLaws, TheCallersPaceDoesNotMatter) {
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    auto scenario = any_scenario(rng);
    std::erase_if(scenario.wishes, [](const Wish& w) { return w.sell; });
    for (auto& w : scenario.wishes) w.stake = Money::minor(100);  // always affordable
    const Session steady(scenario, 1);
    for (const std::int64_t patience : {std::int64_t{0}, std::int64_t{7}, kSeconds * 2}) {
      const Session other(scenario, patience);
      const auto a = all_of(steady.book);
      const auto b = all_of(other.book);
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t i = 0; i < a.size(); ++i) {
        ASSERT_EQ(a[i]->id, b[i]->id);
        ASSERT_EQ(a[i]->phase, b[i]->phase);
        ASSERT_EQ(a[i]->outcome, b[i]->outcome);
        ASSERT_EQ(a[i]->sell_price, b[i]->sell_price);
        ASSERT_EQ(a[i]->sell_time, b[i]->sell_time);
      }
      for (AccountIndex account = 0; account < kAccounts; ++account) {
        ASSERT_EQ(steady.book.account(account).balance, other.book.account(account).balance);
      }
    }
  }
}

}  // namespace
}  // namespace derivd::venue
