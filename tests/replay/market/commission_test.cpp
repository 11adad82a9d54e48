// Every quote that others have recorded, at its date, against the table of commissions and, where
// that has no row, the price model: which of them come out to the cent, and by name which do not.
// The recordings are other people's and lie outside the repository: without them these tests are
// skipped, and say so.
#include "market/commission.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "market/kind.hpp"
#include "market/pricing.hpp"

namespace derivd::market {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using core::Money;
using core::VenueTime;

const fs::path kShared = fs::path(DERIVD_SHARED) / "deriv";

/// One recorded quote, and what it must be compared with.
struct Recorded {
  std::string name;
  ContractSpec spec;
  Money amount;                   // by its basis
  std::optional<Money> expected;  // the payout, or by its basis the price; empty: not sold
  std::optional<core::Price> spot;
  VenueTime at;
  PriceList list = PriceList::kAccount;
};

Json load(const fs::path& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in) << file;
  return Json::parse(in);
}

std::string text(const Json& j) { return j.is_string() ? j.get<std::string>() : j.dump(); }
std::int64_t whole(const Json& j) { return std::stoll(text(j)); }
Money money(const Json& j) { return Money::from(core::Decimal::parse(text(j)).value()).value(); }

VenueTime noon(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return {std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86'400 + 43'200};
}

ContractSpec spec_of(std::string_view type, std::string_view symbol, std::string_view duration) {
  ContractSpec spec;
  spec.type = contract_type_from(type).value();
  spec.symbol = symbol;
  spec.duration = ContractDuration::parse(duration).value();
  return spec;
}

ContractSpec digit_spec(std::string_view type, std::string_view symbol, int digit) {
  auto spec = spec_of(type, symbol, "1t");
  spec.set_digit(digit);
  return spec;
}

core::Price quote(const std::string& value, std::string_view symbol) {
  return core::Price::from(core::Decimal::parse(value).value(), find_symbol(symbol)->decimals)
      .value();
}

Barrier barrier_of(const std::string& value, std::string_view symbol) {
  const bool offset = value.front() == '+' || value.front() == '-';
  return offset ? Barrier::offset(quote(value, symbol)) : Barrier::absolute(quote(value, symbol));
}

std::vector<std::string> split(const std::string& s, char mark) {
  std::vector<std::string> out(1);
  for (const char c : s) {
    if (c == mark) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

using Quotes = std::vector<Recorded>;

// ---- captures-2026-11 ----

void add_digit_grid(const Json& file, Quotes& out) {
  const auto at = noon(2026, 9, 27);
  const auto stake = money(file["stake"]);
  const auto add = [&](const std::string& type, const std::string& symbol, int digit,
                       const Json& pays) {
    const auto expected = pays.is_null() ? std::nullopt : std::optional(money(pays));
    out.push_back(
        {fmt::format("grid {} {}{}", symbol, type, digit < 0 ? "" : std::to_string(digit)),
         digit_spec(type, symbol, digit),
         stake,
         expected,
         {},
         at});
  };
  for (const auto& [group, symbols] : file["symbols"].items()) {
    const auto& over = file["over"][group];
    for (const auto& name : symbols) {
      const auto symbol = name.get<std::string>();
      for (int digit = 0; digit <= 8; ++digit) {
        const auto key = std::to_string(digit);
        const Json pays = over.contains(key) ? over[key] : Json();
        add("DIGITOVER", symbol, digit, pays);
        add("DIGITUNDER", symbol, 9 - digit, pays);
      }
      add("DIGITEVEN", symbol, -1, file["even_odd"][group]);
      add("DIGITODD", symbol, -1, file["even_odd"][group]);
      add("DIGITMATCH", symbol, 3, file["match"][group]);
      add("DIGITDIFF", symbol, 3, file["diff"][group]);
    }
  }
}

void add_exotic(const Json& file, Quotes& out) {
  const std::string symbol = "1HZ100V";
  for (const auto& row : file["rows"]) {
    if (!row.contains("payout")) continue;
    for (const auto& type : split(row["type"], '/')) {
      for (const auto& length : split(row["dur"], ',')) {
        Recorded r;
        r.name = fmt::format("exotic {} {}{}", type, length,
                             row.contains("barrier") ? " " + text(row["barrier"]) : "");
        r.spec = spec_of(type, symbol, length);
        if (row.contains("barrier")) r.spec.barriers[0] = barrier_of(row["barrier"], symbol);
        if (row.contains("spot")) r.spot = quote(text(row["spot"]), symbol);
        r.amount = Money::minor(100);
        r.expected = money(row["payout"]);
        r.at = noon(2026, 9, 27);
        out.push_back(std::move(r));
      }
    }
  }
}

void add_two_lists(const Json& file, Quotes& out) {
  for (const auto& row : file["rows"]) {
    const auto name = row[0].get<std::string>();
    const auto spec = digit_spec("DIGITOVER", "JD100", name.back() - '0');
    for (const auto list : {PriceList::kPublic, PriceList::kAccount}) {
      const auto& pays = row[list == PriceList::kPublic ? 1 : 2];
      out.push_back({fmt::format("lists JD100 {} {}", name, name_of(list)),
                     spec,
                     money(file["stake"]),
                     pays.is_null() ? std::nullopt : std::optional(money(pays)),
                     {},
                     noon(2026, 9, 27),
                     list});
    }
  }
}

void add_runs(const Json& file, Quotes& out) {
  const std::string symbol = "1HZ100V";
  const auto add = [&](const std::string& key, ContractSpec spec, const Json& pays,
                       Money stake = Money::minor(100)) {
    out.push_back({"runs " + key, std::move(spec), stake, money(pays),
                   quote(text(file["spot"]), symbol), noon(2026, 8, 15)});
  };
  for (const auto& [key, pays] : file["rows"].items()) {
    const auto words = split(key, '_');
    if (words[0] == "RUN") add(key, spec_of("RUNHIGH", symbol, words[1] + "t"), pays);
    if (words[0] == "ASIAN") {
      for (const auto* length : {"5t", "7t", "10t"}) {
        add(fmt::format("{} {}", key, length), spec_of("ASIANU", symbol, length), pays);
      }
    }
    if (words[0].starts_with("TICKHIGH")) {
      for (const auto& tick : split(words[1].substr(3), ',')) {
        auto spec = spec_of("TICKHIGH", symbol, "5t");
        spec.terms = TickTerms{static_cast<std::int8_t>(std::stoi(tick))};
        add(fmt::format("TICKHIGH tick {}", tick), spec, pays);
      }
    }
    if (words[0] == "TOUCH" || words[0] == "NOTOUCH") {
      auto spec = spec_of(words[0] == "TOUCH" ? "ONETOUCH" : "NOTOUCH", symbol, words[1]);
      spec.barriers[0] = barrier_of(words[2], symbol);
      add(key, spec, pays);
    }
  }
  add("R_75 RUNHIGH 5t stake 2", spec_of("RUNHIGH", "R_75", "5t"), file["R_75_RUNHIGH_5t_stake2"],
      Money::minor(200));
}

// ---- the older captures ----

/// Of what the longcode alone tells.
const std::map<std::string, std::string> kLengths{{"2017-07-call-r_10-x", "14h"}};

void add_proposal(const std::string& name, const Json& message, Quotes& out) {
  const auto& asked = message["echo_req"];
  const auto& said = message["proposal"];
  const auto symbol = asked["symbol"].get<std::string>();
  Recorded r;
  r.name = name;
  r.at = {whole(said["date_start"])};
  r.spec.symbol = symbol;
  r.spec.type = contract_type_from(asked["contract_type"].get<std::string>()).value();
  if (asked.contains("barrier") && !has_form(r.spec.type, BarrierForm::kPair)) {
    r.spec.type = with_offset(name_of(r.spec.type)).value();
  }
  if (asked.contains("date_expiry")) {
    r.spec.duration = ContractDuration::until({whole(asked["date_expiry"])});
  } else if (kLengths.contains(name)) {
    r.spec.duration = ContractDuration::parse(kLengths.at(name)).value();
  } else {
    r.spec.duration =
        ContractDuration::parse(text(asked["duration"]) + text(asked["duration_unit"])).value();
  }
  if (asked.contains("barrier")) r.spec.barriers[0] = barrier_of(asked["barrier"], symbol);
  if (asked.contains("barrier2")) r.spec.barriers[1] = barrier_of(asked["barrier2"], symbol);
  if (asked["basis"] == "payout") r.spec.basis = Basis::kPayout;
  r.amount = money(asked["amount"]);
  r.expected = money(said[asked["basis"] == "payout" ? "ask_price" : "payout"]);
  r.spot = quote(text(said["spot"]), symbol);
  out.push_back(std::move(r));
}

void add_buy(const std::string& name, const Json& message, Quotes& out) {
  const auto& buy = message.contains("buy") ? message["buy"] : message;
  const auto code = buy["shortcode"].get<std::string>();
  Recorded r;
  r.name = name;
  r.at = {whole(buy["purchase_time"])};
  r.amount = money(buy["buy_price"]);
  r.expected = money(buy["payout"]);
  const auto type = code.substr(0, code.find('_'));
  const auto rest = code.substr(type.size() + 1);
  const auto symbol =
      rest.starts_with("R_") ? rest.substr(0, rest.find('_', 2)) : rest.substr(0, rest.find('_'));
  const auto fields = split(rest.substr(symbol.size() + 1), '_');
  const auto& end = fields.at(2);
  const auto length = end.back() == 'T' ? end.substr(0, end.size() - 1) + "t"
                                        : fmt::format("{}s", std::stoll(end) - r.at.s);
  r.spec = spec_of(type, symbol, length);
  out.push_back(std::move(r));
}

void add_older(Quotes& out) {
  std::set<fs::path> files;
  for (const auto* folder : {"proposal", "buy"}) {
    for (const auto& entry : fs::directory_iterator(kShared / "captures" / folder)) {
      files.insert(entry.path());
    }
  }
  for (const auto& file : files) {
    const auto name = file.stem().string();
    // Values of the vendor's mocks are partly edited.
    if (name.starts_with("flutter-mock")) continue;
    const auto message = load(file);
    if (message.contains("error")) continue;
    const bool bought = file.parent_path().filename() == "buy";
    if (bought) {
      add_buy("buy " + name, message, out);
    } else if (message.contains("echo_req")) {
      add_proposal(name, message, out);
    } else {
      Recorded r;
      r.name = name;
      r.spec = spec_of("DIGITODD", "R_50", "1t");
      r.at = {whole(message["proposal"]["date_start"])};
      r.amount = money(message["proposal"]["ask_price"]);
      r.expected = money(message["proposal"]["payout"]);
      out.push_back(std::move(r));
    }
  }
}

// ---- the comparison ----

/// By the row in force; where there is none, by the price model.
std::optional<Money> reckoned(const Recorded& r) {
  const auto& symbol = *find_symbol(r.spec.symbol);
  const bool of_payout = r.spec.basis == Basis::kPayout;
  if (const auto* row = commission_of(r.spec, r.list, r.at)) {
    if (of_payout) return price_by(*row, r.spec, symbol, r.amount, r.spot, r.at);
    return payout_by(*row, r.spec, symbol, r.amount, r.spot, r.at);
  }
  return of_payout ? stake_for(r.spec, symbol, r.amount, r.spot, {}, r.at)
                   : payout_for(r.spec, symbol, r.amount, r.spot, {}, r.at);
}

std::string shown(const std::optional<Money>& m) { return m ? m->to_string() : "not sold"; }

/// The names of those that come out otherwise; each is told.
std::set<std::string> differing(const Quotes& quotes, const char* what) {
  std::set<std::string> out;
  for (const auto& r : quotes) {
    const auto ours = reckoned(r);
    if (ours == r.expected) continue;
    out.insert(r.name);
    std::cout << fmt::format("not reproduced: {}: recorded {}, reckoned {}\n", r.name,
                             shown(r.expected), shown(ours));
  }
  std::cout << fmt::format("{}: {} of {} recorded quotes come out to the cent\n", what,
                           quotes.size() - out.size(), quotes.size());
  return out;
}

TEST(RecordedQuotes, Of2026ComeOutToTheCentOrAreNamed) {
  const auto folder = kShared / "captures-2026-11" / "quotes";
  if (!fs::exists(folder)) GTEST_SKIP() << "THE RECORDED QUOTES ARE MISSING: nothing at " << folder;
  Quotes quotes;
  add_digit_grid(load(folder / "digit-grid-account-2026-09-27.json"), quotes);
  add_exotic(load(folder / "exotic-1hz100v-options-2026-09-27.json"), quotes);
  add_two_lists(load(folder / "jd100-public-vs-account-2026-09-27.json"), quotes);
  add_runs(load(folder / "runs-asian-ticks-touch-1hz100v-2026-08.json"), quotes);
  ASSERT_GT(quotes.size(), 300U);
  // Touches have no known form (contracts.md section 2.2), the middle one of five ticks and the run
  // of R_75 another share than their kind. Whoever learns more takes a name out.
  const std::set<std::string> known{
      "exotic NOTOUCH 1h 1049.52",    "exotic NOTOUCH 1h 1092.36", "exotic ONETOUCH 1h 1049.52",
      "exotic ONETOUCH 1h 1092.36",   "runs NOTOUCH_10t_+0.50",    "runs NOTOUCH_5t_+0.50",
      "runs R_75 RUNHIGH 5t stake 2", "runs TICKHIGH tick 3",      "runs TOUCH_10t_+0.50",
      "runs TOUCH_10t_+1.00",         "runs TOUCH_10t_+2.00",      "runs TOUCH_5t_+0.50",
      "runs TOUCH_5t_+1.00",          "runs TOUCH_5t_+2.00"};
  EXPECT_EQ(differing(quotes, "captures-2026-11"), known);
}

TEST(RecordedQuotes, OfEarlierYearsComeOutToTheCentOrAreNamed) {
  if (!fs::exists(kShared / "captures" / "MANIFEST.md")) {
    GTEST_SKIP() << "THE RECORDED QUOTES ARE MISSING: nothing at " << kShared / "captures";
  }
  Quotes quotes;
  add_older(quotes);
  ASSERT_GT(quotes.size(), 15U);
  // Bought through an application whose mark-up is not known.
  const std::set<std::string> known{"buy digiteven-1hz75v-1t-2025", "buy digiteven-1hz75v-5t-2025",
                                    "buy digitodd-1hz50v-5t-2025", "buy digitodd-1hz75v-1t-2025"};
  EXPECT_EQ(differing(quotes, "captures"), known);
}

// What needs no recordings: the rules of the table itself.
TEST(Commissions, HaveADateAndASource) {
  for (const auto& row : commissions()) {
    EXPECT_EQ(row.since.size(), 10U) << row.since;
    EXPECT_FALSE(row.source.empty());
    EXPECT_GT(row.share_nano, 0);
  }
}

}  // namespace
}  // namespace derivd::market
