// A day of real ticks through the engine: the same tape gives the same bytes, and the trades are
// those of a plain re-implementation of the product's contract that works on the raw text of the
// file.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/engine/calm.hpp"

namespace derivd::engine::test {
namespace {

struct Row {
  std::int64_t epoch;
  std::string quote;  // padded with zeros to the symbol's decimals
  std::int64_t whole() const {
    auto digits = quote;
    std::erase(digits, '.');
    return std::stoll(digits);
  }
  int digit() const { return quote.back() - '0'; }
};

std::vector<Row> read(const std::string& path, std::size_t decimals) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const auto comma = line.find(',');
    auto quote = line.substr(comma + 1);
    auto point = quote.find('.');
    if (point == std::string::npos) {
      point = quote.size();
      quote += '.';
    }
    while (quote.size() - point - 1 < decimals) quote += '0';
    rows.push_back({std::stoll(line.substr(0, comma)), quote});
  }
  return rows;
}

// Cents throughout.
struct Plan {
  bool rise_fall = false;
  std::size_t streak = 3;
  std::size_t ticks = 1;
  std::int64_t base = 35;
  int max_steps = 1000;
  std::int64_t stop_loss = 2000;
  bool trailing = false;
  std::int64_t take_profit = 1'000'000;
  std::int64_t cooldown = 0;
  int losses = 0;  // after_losses, 0: off
  std::int64_t pause = 0;
  std::int64_t daily_loss = 1'000'000;
  std::int64_t day_starts = 0;
};

// round half up(base × 2.1^n)
std::int64_t raised(std::int64_t base, int n) {
  __extension__ using Wide = __int128;
  Wide top = base;
  Wide bottom = 1;
  for (int i = 0; i < n; ++i) {
    top *= 21;
    bottom *= 10;
  }
  return static_cast<std::int64_t>((2 * top + bottom) / (2 * bottom));
}

struct Outcome {
  std::vector<std::string> trades;
  std::string halted;
  std::int64_t profit = 0;
};

Outcome plain(const std::vector<Row>& rows, const Plan& p) {
  Outcome out;
  struct Open {
    std::size_t exit, entry;
    std::string type;
    std::int64_t stake;
  };
  std::optional<Open> open;
  std::string run;
  std::vector<std::int64_t> window;
  int step = 0;
  int lost_in_a_row = 0;
  std::int64_t peak = 0, day_profit = 0, day = -1;
  std::int64_t cool_until = -1, pause_until = -1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto now = rows[i].epoch;
    const auto today = (now - p.day_starts) / 86400;
    if (today != day) {
      day = today;
      day_profit = 0;
    }
    if (open && open->exit == i) {
      const auto exit = rows[i];
      const auto entry = rows[open->entry];
      const bool won = open->type == "DIGITODD"    ? exit.digit() % 2 == 1
                       : open->type == "DIGITEVEN" ? exit.digit() % 2 == 0
                       : open->type == "CALL"      ? exit.whole() > entry.whole()
                                                   : exit.whole() < entry.whole();
      const auto profit = won ? open->stake * 195 / 100 - open->stake : -open->stake;
      out.profit += profit;
      day_profit += profit;
      peak = std::max(peak, out.profit);
      step = won ? 0 : step + 1 > p.max_steps ? 0 : step + 1;
      if (p.cooldown > 0) cool_until = now + p.cooldown;
      lost_in_a_row = won ? 0 : lost_in_a_row + 1;
      if (p.losses > 0 && lost_in_a_row == p.losses) {
        lost_in_a_row = 0;
        pause_until = now + p.pause;
      }
      if (out.profit >= p.take_profit && out.halted.empty()) out.halted = "take_profit";
      open.reset();
    }
    std::string signal;
    if (p.rise_fall) {
      window.push_back(rows[i].whole());
      if (window.size() > p.streak + 1) window.erase(window.begin());
      bool rises = window.size() == p.streak + 1;
      bool falls = rises;
      for (std::size_t k = 1; k < window.size(); ++k) {
        rises = rises && window[k] > window[k - 1];
        falls = falls && window[k] < window[k - 1];
      }
      if (rises || falls) {
        signal = rises ? "CALL" : "PUT";
        window.clear();
      }
    } else {
      const char parity = rows[i].digit() % 2 == 0 ? 'e' : 'o';
      if (!run.empty() && run.back() != parity) run.clear();
      run += parity;
      if (run.size() == p.streak) {
        signal = parity == 'e' ? "DIGITODD" : "DIGITEVEN";
        run.clear();
      }
    }
    if (signal.empty() || open || !out.halted.empty()) continue;
    if (now < cool_until || now < pause_until) continue;
    const auto floor = p.trailing ? peak - p.stop_loss : -p.stop_loss;
    const auto session_left = out.profit - floor;
    const auto day_left = p.daily_loss + std::min<std::int64_t>(0, day_profit);
    auto stake = raised(p.base, step);
    if (stake > session_left || stake > day_left) {
      step = 0;
      stake = p.base;
      if (stake > session_left) {
        out.halted = "stop_loss";
        continue;
      }
      if (stake > day_left) continue;
    }
    out.trades.push_back(fmt::format("{} {} {}.{:02}", now, signal, stake / 100, stake % 100));
    open = Open{i + (p.rise_fall ? p.ticks + 1 : p.ticks), i + 1, signal, stake};
  }
  return out;
}

Settings settings_of(const Plan& p, std::string_view symbol) {
  auto s = every_tick("s");
  s.type = p.rise_fall ? "rise_fall" : "even_odd";
  s.symbol = symbol;
  s.params["streak"] = static_cast<std::int64_t>(p.streak);
  s.contract.duration.count = static_cast<std::int32_t>(p.ticks);
  s.staking.plan = "martingale";
  s.staking.base = core::Money::minor(p.base);
  s.staking.factor = *core::Decimal::parse("2.1");
  s.staking.max_steps = p.max_steps;
  s.session.stop_loss = core::Money::minor(p.stop_loss);
  s.session.trailing = p.trailing;
  s.session.take_profit = core::Money::minor(p.take_profit);
  s.guards.cooldown = std::chrono::seconds(p.cooldown);
  if (p.losses > 0)
    s.guards.after_losses = risk::AfterLosses{p.losses, std::chrono::seconds(p.pause)};
  Settings out;
  out.strategies = {s};
  out.limits.daily_loss = core::Money::minor(p.daily_loss);
  out.limits.day_starts = std::chrono::seconds(p.day_starts);
  return out;
}

struct File {
  const char* name;
  const char* symbol;
  std::uint8_t decimals;
};
constexpr File kFiles[] = {{"R_100_2026-06-21.csv", "R_100", 2},
                           {"R_75_2026-06-24.csv", "R_75", 4}};

std::string path_of(const File& file) { return std::string(DERIVD_SHARED) + "/ticks/" + file.name; }

std::vector<market::Tick> tape(const std::vector<Row>& rows, const File& file) {
  std::vector<market::Tick> out;
  for (const auto& row : rows) {
    out.push_back({file.symbol, {row.epoch}, *core::Price::parse(row.quote, file.decimals)});
  }
  return out;
}

TEST(RealTicks, TradesAreThoseOfThePlainImplementation) {
  std::vector<Plan> plans(8);
  plans[1].trailing = true;
  plans[1].max_steps = 4;
  plans[1].stop_loss = 5000;
  plans[2].streak = 1;
  plans[2].take_profit = 4000;
  plans[2].stop_loss = 30000;
  plans[3].rise_fall = true;
  plans[3].streak = 2;
  plans[3].ticks = 5;
  plans[3].max_steps = 5;
  plans[3].stop_loss = 20000;
  plans[4].rise_fall = true;
  plans[4].cooldown = 10;
  plans[4].losses = 3;
  plans[4].pause = 60;
  plans[4].max_steps = 3;
  plans[4].stop_loss = 10000;
  plans[5].daily_loss = 400;
  plans[5].stop_loss = 100'000;
  plans[5].day_starts = 15 * 3600;  // the tape crosses a day's end
  plans[6].ticks = 7;
  plans[6].streak = 2;
  plans[6].cooldown = 4;
  plans[6].stop_loss = 8000;
  plans[7].rise_fall = true;
  plans[7].streak = 1;
  plans[7].trailing = true;
  plans[7].stop_loss = 3000;
  std::size_t trades = 0;
  std::set<std::string> endings;
  for (const auto& file : kFiles) {
    if (!std::filesystem::exists(path_of(file))) GTEST_SKIP() << "NO TICKS AT " << path_of(file);
    const auto rows = read(path_of(file), file.decimals);
    const auto ticks = tape(rows, file);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} plan {}", file.symbol, i));
      const auto expected = plain(rows, plans[i]);
      Calm venue(settings_of(plans[i], file.symbol), rows.front().epoch - 2);
      for (const auto& t : ticks) venue.tick(t);
      std::vector<std::string> ours;
      for (const auto& d : venue.decisions) {  // without the order's id
        const auto first = d.find(' ');
        ours.push_back(d.substr(0, first) + d.substr(d.find(' ', first + 1)));
      }
      EXPECT_EQ(ours, expected.trades);
      const auto view = venue.rig.view("s");
      EXPECT_EQ(view.profit.units(), expected.profit);
      EXPECT_EQ(
          view.status == StrategyStatus::kHalted ? venue.rig.book.halts.at("s").kind.str() : "",
          expected.halted);
      EXPECT_FALSE(venue.rig.told(core::EventKind::kSettlementMismatch));
      trades += ours.size();
      endings.insert(expected.halted);
    }
  }
  EXPECT_GT(trades, 5000u);
  EXPECT_EQ(endings.size(), 3u) << "some end in profit, some in loss, some go on";
}

TEST(RealTicks, TheSameTapeGivesTheSameBytes) {
  const auto& file = kFiles[0];
  if (!std::filesystem::exists(path_of(file))) GTEST_SKIP() << "NO TICKS AT " << path_of(file);
  auto ticks = tape(read(path_of(file), file.decimals), file);
  ticks.resize(8000);
  Plan p;
  p.streak = 1;
  p.stop_loss = 500'000;
  p.max_steps = 3;
  auto settings = settings_of(p, file.symbol);
  auto second = settings.strategies[0];
  second.name = "t";  // the same signals: orders that must not be confused
  settings.strategies.push_back(second);
  const auto run = [&] {
    Calm venue(settings, ticks.front().epoch.s - 2);
    for (const auto& t : ticks) venue.tick(t);
    return venue.rig.log;
  };
  const auto first = run();
  EXPECT_GT(first.size(), 10'000u);
  EXPECT_EQ(first, run());
}

}  // namespace
}  // namespace derivd::engine::test
