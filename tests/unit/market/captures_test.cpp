// Every recorded contract that carries its ticks is replayed through Life and must give the
// recorded entry, exit, barrier and result. The recordings are other people's and lie outside the
// repository: without them these tests are skipped, and say so.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "market/multiplier.hpp"
#include "market/pricing.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using core::VenueTime;

const fs::path kCaptures = fs::path(DERIVD_SHARED) / "deriv" / "captures";

#define NEEDS_CAPTURES()                      \
  if (!fs::exists(kCaptures / "MANIFEST.md")) \
  GTEST_SKIP() << "THE RECORDED CONTRACTS ARE MISSING: nothing at " << kCaptures

Json load(const std::string& name) {
  std::ifstream in(kCaptures / name);
  EXPECT_TRUE(in) << name;
  return Json::parse(in);
}

// Old recordings hold numbers as strings.
std::int64_t integer(const Json& j) {
  return j.is_string() ? std::stoll(j.get<std::string>()) : j.get<std::int64_t>();
}

std::string text(const Json& j) { return j.is_string() ? j.get<std::string>() : j.dump(); }

std::vector<std::string> split(const std::string& s) {
  std::vector<std::string> out(1);
  for (const char c : s) {
    if (c == '_') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

/// A recorded contract: what was bought and what the venue said became of it.
struct Recorded {
  ContractSpec spec;
  VenueTime start;
  std::map<std::int64_t, std::string> ticks;
  std::int64_t entry_time = 0;
  std::string entry;
  std::int64_t exit_time = 0;
  std::string exit;
  std::string barrier;  // empty: not recorded
  bool won = false;

  core::Price quote(const std::string& s) const {
    return price(s, find_symbol(spec.symbol)->decimals);
  }
  Tick tick_at(std::int64_t epoch) const { return {spec.symbol, {epoch}, quote(ticks.at(epoch))}; }
};

// TYPE_SYMBOL_PAYOUT_START_{EXPIRY|nT}_BARRIER_0 (section 4.5); a symbol may hold a '_'.
void read_shortcode(Recorded& r, const std::string& shortcode, const std::string& symbol) {
  const auto type = shortcode.substr(0, shortcode.find('_'));
  const auto fields = split(shortcode.substr(type.size() + 1 + symbol.size() + 1));
  r.spec.type = contract_type_from(type).value();
  r.spec.symbol = symbol;
  r.start = {std::stoll(fields.at(1))};
  const auto& end = fields.at(2);
  using Unit = ContractDuration::Unit;
  if (end.back() == 'T') {
    r.spec.duration = {std::stoi(end), Unit::kTicks};
  } else {
    r.spec.duration = {static_cast<std::int32_t>(std::stoll(end) - r.start.s), Unit::kSeconds};
  }
  if (fields.size() < 4) return;
  if (has_form(r.spec.type, BarrierForm::kDigit)) {
    r.spec.set_digit(std::stoi(fields[3]));
  } else if (fields[3].front() == 'S' && fields[3] != "S0P") {
    r.spec.type = r.spec.type == ContractType::kCall ? ContractType::kHigher : ContractType::kLower;
    r.spec.set_offset(
        core::Price::raw(std::stoll(fields[3].substr(1)), find_symbol(symbol)->decimals));
  }
}

void read_audit(Recorded& r, const Json& list) {
  for (const auto& t : list) {
    if (t.contains("tick")) r.ticks[integer(t["epoch"])] = text(t["tick_display_value"]);
  }
}

Recorded read_contract(const Json& c) {
  Recorded r;
  read_shortcode(r, c["shortcode"], c["underlying"]);
  EXPECT_EQ(r.start.s, integer(c["date_start"]));
  r.entry_time = integer(c["entry_tick_time"]);
  r.entry = text(c["entry_tick"]);
  r.exit_time = integer(c["exit_tick_time"]);
  r.exit = text(c["exit_tick"]);
  if (!kind_of(r.spec.type).entry_counts) r.barrier = text(c["barrier"]);
  r.won = core::Decimal::parse(text(c["bid_price"])).value() > core::Decimal{};
  if (c.contains("audit_details")) {
    for (const auto& [name, list] : c["audit_details"].items()) read_audit(r, list);
  }
  // One source shortened its list before the entry: the entry itself is recorded.
  r.ticks.emplace(r.entry_time, r.entry);
  return r;
}

void expect_life(const Recorded& r, const Life& life) {
  ASSERT_NE(result_of(life), std::nullopt);
  EXPECT_EQ(life.entry()->epoch.s, r.entry_time);
  EXPECT_EQ(life.entry()->quote, r.quote(r.entry));
  EXPECT_EQ(life.exit()->epoch.s, r.exit_time);
  EXPECT_EQ(life.exit()->quote, r.quote(r.exit));
  EXPECT_EQ(result_of(life) == End::kWon, r.won);
  if (!r.barrier.empty()) {
    EXPECT_EQ(life.barrier_price(), r.quote(r.barrier));
  }
  if (kind_of(r.spec.type).entry_counts) {
    EXPECT_EQ(life.barrier_price(), std::nullopt);
  }
}

/// Replays in order; then with every tick twice and an old one again after each; then with time
/// told in between.
void replay(const Recorded& r) {
  ASSERT_TRUE(validate(r.spec, *find_symbol(r.spec.symbol)));
  auto plain = life_of(r.spec, r.start);
  auto noisy = life_of(r.spec, r.start);
  auto timed = life_of(r.spec, r.start);
  int decisions = 0;
  for (const auto& [epoch, quote] : r.ticks) {
    decisions += plain.on_tick(r.tick_at(epoch)) ? 1 : 0;
    noisy.on_tick(r.tick_at(epoch));
    noisy.on_tick(r.tick_at(epoch));
    noisy.on_tick(r.tick_at(r.ticks.begin()->first));
    timed.on_time({epoch - 1});
    timed.on_tick(r.tick_at(epoch));
    timed.on_time({epoch});
  }
  EXPECT_EQ(decisions, 1);
  for (const auto* life : {&plain, &noisy, &timed}) expect_life(r, *life);
}

TEST(Captures, EveryContractWithItsTicksReplaysAsRecorded) {
  NEEDS_CAPTURES();
  std::set<std::string> replayed;
  for (const auto& file : fs::directory_iterator(kCaptures / "proposal_open_contract")) {
    const auto name = file.path().stem().string();
    SCOPED_TRACE(name);
    auto json = load("proposal_open_contract/" + file.path().filename().string());
    if (json.is_array() || json.contains("audit_ticks")) continue;  // below
    const auto& c = json.contains("proposal_open_contract") ? json["proposal_open_contract"] : json;
    if (!c.contains("exit_tick_time") || !c.contains("audit_details")) continue;
    replay(read_contract(c));
    replayed.insert(name);
  }
  EXPECT_THAT(replayed, testing::UnorderedElementsAre("call-r100-1m-lost-even-start",
                                                      "call-r100-1m-lost-odd-start",
                                                      "call-r100-1m-plus-barrier-expired-unsold"));
}

TEST(Captures, DigitStreamsOf2016ReplayAsRecorded) {
  NEEDS_CAPTURES();
  for (const std::string name : {"digiteven", "digitodd"}) {
    SCOPED_TRACE(name);
    const auto stream = load("proposal_open_contract/binarybot-2016-09-" + name + "-stream.json");
    const auto& last = stream.back()["proposal_open_contract"];
    auto r = read_contract(last);
    for (const auto& message : stream) {
      const auto& c = message["proposal_open_contract"];
      r.ticks[integer(c["current_spot_time"])] = text(c["current_spot"]);
    }
    ASSERT_EQ(r.spec.duration.count, 5);
    ASSERT_EQ(r.ticks.size(), 6u);  // one before the entry
    replay(r);
    // The same contract, asked for once it was sold.
    const auto sold = load("proposal_open_contract/binarybot-2016-09-" + name + ".json");
    const auto& c = sold["proposal_open_contract"];
    EXPECT_EQ(core::Money::parse(text(c["sell_price"])).value().is_zero(), !r.won);
  }
}

// The ticks in the messages arrive repeated and the exit before anyone says so: fed as received,
// each message must find our life in the state that the venue shows.
TEST(Captures, DigitStreamsOf2016AgreeMessageByMessage) {
  NEEDS_CAPTURES();
  for (const std::string name : {"digiteven", "digitodd"}) {
    SCOPED_TRACE(name);
    const auto stream = load("proposal_open_contract/binarybot-2016-09-" + name + "-stream.json");
    const auto r = read_contract(stream.back()["proposal_open_contract"]);
    auto life =
        life_of(r.spec, r.start, usd(text(stream.back()["proposal_open_contract"]["payout"])));
    for (const auto& message : stream) {
      const auto& c = message["proposal_open_contract"];
      life.on_tick(
          {r.spec.symbol, {integer(c["current_spot_time"])}, r.quote(text(c["current_spot"]))});
      EXPECT_EQ(life.is_over(), integer(c["is_expired"]) == 1);
      EXPECT_EQ(life.expiry().s, integer(c["date_expiry"]));
      // A message around the entry may still lack it (section 7).
      if (c.contains("entry_tick_time")) {
        ASSERT_TRUE(life.entry());
        EXPECT_EQ(life.entry()->epoch.s, integer(c["entry_tick_time"]));
      }
      EXPECT_EQ(life.purchase().payout, usd(text(c["payout"])));
      EXPECT_EQ(bid_for(*find_symbol("R_100"), life, {integer(c["current_spot_time"])}, {0.010}),
                usd(text(c["bid_price"])));
    }
  }
}

TEST(Captures, DigitMatchOf2016ReplaysAsRecorded) {
  NEEDS_CAPTURES();
  auto r = read_contract(load("proposal_open_contract/digitmatch-r100-5t-lost-2016.json"));
  for (const auto& t : load("ticks_history/r100-around-digitmatch-2016.json")) {
    r.ticks[integer(t["epoch"])] = text(t["quote"]);
  }
  EXPECT_EQ(r.spec.type, ContractType::kDigitMatch);
  EXPECT_EQ(r.spec.digit(), 0);
  EXPECT_EQ(r.ticks.size(), 7u);
  replay(r);
}

TEST(Captures, OneTickCallOnR50ReplaysAsRecorded) {
  NEEDS_CAPTURES();
  const auto c = load("proposal_open_contract/call-r50-1t-lost-clientform.json");
  Recorded r;
  r.spec = spec_of(ContractType::kCall, "1t", "R_50");
  r.start = {integer(c["start_time"])};
  read_audit(r, c["audit_ticks"]);
  r.entry_time = integer(c["entry_spot_time"]);
  r.entry = text(c["entry_spot_value"]);
  r.exit_time = integer(c["sell_spot_time"]);
  r.exit = text(c["exit_spot_value"]);
  r.won = c["status"] == "won";
  EXPECT_EQ(integer(c["expiry_time"]), r.exit_time);
  EXPECT_EQ(r.ticks.size(), 5u);
  replay(r);
}

// An open contract has no exit, but its entry and its ticks must not have decided it.
TEST(Captures, OpenContractStaysOpenWithItsRecordedEntryAndBid) {
  NEEDS_CAPTURES();
  const auto c = load("proposal_open_contract/call-1hz100v-fixed-expiry-open.json");
  Recorded r;
  read_shortcode(r, c["shortcode"], c["underlying"]);
  auto life = life_of(r.spec, r.start, usd(text(c["payout"])));
  EXPECT_EQ(life.expiry().s, integer(c["date_expiry"]));
  const VenueTime now{integer(c["current_spot_time"])};
  life.on_tick({r.spec.symbol, {integer(c["entry_tick_time"])}, r.quote(text(c["entry_tick"]))});
  life.on_tick({r.spec.symbol, now, r.quote(text(c["current_spot"]))});
  EXPECT_FALSE(life.is_over());
  EXPECT_EQ(life.barrier_price(), r.quote(text(c["barrier"])));
  EXPECT_EQ(bid_for(*find_symbol("1HZ100V"), life, now), usd(text(c["bid_price"])));
  EXPECT_EQ(payout_for(r.spec, *find_symbol("1HZ100V"), usd(text(c["buy_price"])), {}),
            usd(text(c["payout"])));
}

TEST(Captures, MultiplierReproducesCommissionStopOutAndProfit) {
  NEEDS_CAPTURES();
  const auto c = load("proposal_open_contract/multup-1hz100v-deal-cancellation-open.json");
  auto spec = spec_of(ContractType::kMultUp, "", "1HZ100V");
  spec.multiplier_terms().multiplier = static_cast<std::uint16_t>(integer(c["multiplier"]));
  const auto fee = usd(text(c["cancellation"]["ask_price"]));
  const auto stake = usd(text(c["buy_price"])) - fee;
  EXPECT_EQ(stake, usd("9.00"));
  Life life(spec, {{integer(c["date_start"])}, stake, usd("0.00")}, find_symbol("1HZ100V"));
  const auto quote = [&](const char* key) { return price(text(c[key]), 2); };
  life.on_tick({"1HZ100V", {integer(c["entry_tick_time"])}, quote("entry_tick")});
  EXPECT_FALSE(life.on_tick({"1HZ100V", {integer(c["current_spot_time"])}, quote("current_spot")}));
  const auto position = position_of(life);
  EXPECT_EQ(position.commission(), usd(text(c["commission"])));
  EXPECT_EQ(position.stop_out().to_string(), text(c["limit_order"]["stop_out"]["value"]));
  EXPECT_EQ(position.profit_at(quote("current_spot")), usd(text(c["profit"])));
  EXPECT_EQ(life.pays(End::kSold), usd(text(c["bid_price"])));
}

struct RecordedProposal {
  const char* file;
  ContractType type;
  const char* duration;  // nullptr: to date_expiry
  double commission;
};

class CapturedProposal : public testing::TestWithParam<RecordedProposal> {};

TEST_P(CapturedProposal, IsPricedToTheCent) {
  NEEDS_CAPTURES();
  const auto& [file, type, duration, commission] = GetParam();
  const auto json = load(std::string("proposal/") + file);
  const auto& p = json["proposal"];
  const auto& asked = json["echo_req"];
  const std::string symbol = asked["symbol"];
  const VenueTime start{integer(p["date_start"])};
  auto spec = spec_of(type, "1t", symbol);
  if (duration != nullptr) {
    spec.duration = lasting(duration);
  } else {
    const auto end = integer(asked["date_expiry"]);
    spec.duration = {static_cast<std::int32_t>(end - start.s), ContractDuration::Unit::kSeconds};
  }
  const auto& info = *find_symbol(symbol);
  const auto spot = price(text(p["spot"]), info.decimals);
  if (asked.contains("barrier")) {
    const std::string barrier = asked["barrier"];
    const auto value = price(barrier, info.decimals);
    spec.set_offset(barrier.front() == '+' ? value : value + -spot);
    spec.type = ContractType::kHigher;
  }
  const auto ask = usd(text(p["ask_price"]));
  const auto payout = usd(text(p["payout"]));
  const PriceModel model{commission, false};
  if (asked["basis"] == "payout") {
    EXPECT_EQ(stake_for(spec, info, payout, spot, model, start), ask);
  } else {
    EXPECT_EQ(payout_for(spec, info, ask, spot, model, start), payout);
  }
}

// 2016 kept 0.010, 2017 0.015, since 2020 0.012.
INSTANTIATE_TEST_SUITE_P(
    Recorded, CapturedProposal,
    testing::Values(
        RecordedProposal{"binarybot-2016-09-digitodd.json", ContractType::kDigitOdd, "5t", 0.010},
        RecordedProposal{"binarybot-2016-09-digiteven.json", ContractType::kDigitEven, "5t", 0.010},
        RecordedProposal{"2017-00-call-r_10-5t.json", ContractType::kCall, "5t", 0.015},
        RecordedProposal{"2017-01-call-r_10-2m.json", ContractType::kCall, "2m", 0.015},
        RecordedProposal{"2017-02-call-r_10-1d.json", ContractType::kCall, "1d", 0.015},
        RecordedProposal{"2017-05-call-r_10-5t.json", ContractType::kCall, "5t", 0.015},
        RecordedProposal{"2017-07-call-r_10-x.json", ContractType::kCall, "14h", 0.015},
        RecordedProposal{"2017-08-call-r_10-x.json", ContractType::kCall, nullptr, 0.015},
        RecordedProposal{"2017-09-call-r_10-x.json", ContractType::kCall, nullptr, 0.015},
        RecordedProposal{"put-1hz100v-5t.json", ContractType::kPut, "5t", kCommission}),
    [](const auto& test) {
      std::string name = test.param.file;
      std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
      return name;
    });

// Bought 2020 at 24.55 for 50. The venue shortens such a contract to the ticks that decide it, two
// seconds less here, and then 0.012 hits the cent; over the whole minute 0.0117 does.
TEST(Captures, BarrierOf2020IsPricedToTheCent) {
  NEEDS_CAPTURES();
  const auto json = load("proposal_open_contract/call-r100-1m-plus-barrier-expired-unsold.json");
  const auto& c = json["proposal_open_contract"];
  auto r = read_contract(c);
  const auto spot = r.quote(r.ticks.at(r.start.s));
  const auto& r100 = *find_symbol("R_100");
  const auto payout = usd(text(c["payout"]));
  EXPECT_EQ(stake_for(r.spec, r100, payout, spot, {0.0117}), usd(text(c["buy_price"])));
  r.spec.duration = lasting("58s");
  EXPECT_EQ(stake_for(r.spec, r100, payout, spot), usd(text(c["buy_price"])));
}

// Bought through an application that takes a mark-up of its own: one share must explain all four.
TEST(Captures, DigitPurchasesOf2025ShareOneMarkup) {
  NEEDS_CAPTURES();
  for (const auto* file : {"digiteven-1hz75v-1t-2025", "digiteven-1hz75v-5t-2025",
                           "digitodd-1hz50v-5t-2025", "digitodd-1hz75v-1t-2025"}) {
    const auto c = load(std::string("buy/") + file + ".json");
    const auto spec = spec_of(ContractType::kDigitEven, "1t", "1HZ75V");
    EXPECT_EQ(payout_for(spec, *find_symbol("1HZ75V"), usd(text(c["buy_price"])), {}, {0.0168}),
              usd(text(c["payout"])))
        << file;
  }
}

}  // namespace
}  // namespace derivd::market
