// Saved payloads become claims, and every settled contract that was recorded audits right while
// each altered one is caught. The recordings are other people's and lie outside the repository:
// without them those tests are skipped, and say so.
#include "deriv/saved_contract.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "market/symbol.hpp"

namespace derivd::deriv {
namespace {

namespace fs = std::filesystem;
using execution::AuditVerdict;
using execution::Evidence;
using json_t = nlohmann::ordered_json;
using testing::AnyOf;
using testing::HasSubstr;

const fs::path kCaptures = fs::path(DERIVD_SHARED) / "deriv" / "captures";

#define NEEDS_CAPTURES()                      \
  if (!fs::exists(kCaptures / "MANIFEST.md")) \
  GTEST_SKIP() << "THE RECORDED CONTRACTS ARE MISSING: nothing at " << kCaptures

std::string slurp(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

execution::Audit audited(const std::string& text, const std::vector<market::Tick>& more = {}) {
  const auto saved = read_saved_contract(text);
  if (!saved) {
    ADD_FAILURE() << saved.error().text << "\n" << text.substr(0, 2000);
    return {};
  }
  auto ticks = saved->ticks;
  ticks.insert(ticks.end(), more.begin(), more.end());
  return execution::audit(saved->claim, ticks);
}

std::string told(const execution::Audit& a) {
  std::string out;
  for (const auto& d : a.differences) {
    out += fmt::format("{}: said {}, expected {}\n", d.field, d.said, d.expected);
  }
  for (const auto& n : a.notes) out += n + "\n";
  return out;
}

struct Recorded {
  const char* file;
  const char* ticks;  // a file of ticks beside it, or nullptr
  bool won;
  Evidence evidence;
};

// Every contract of the captures that is over.
const std::vector<Recorded> kOver{
    {"binarybot-2016-09-digiteven-stream", nullptr, true, Evidence::kTicks},
    {"binarybot-2016-09-digitodd-stream", nullptr, false, Evidence::kTicks},
    {"binarybot-2016-09-digiteven", nullptr, true, Evidence::kTwoTicks},
    {"binarybot-2016-09-digitodd", nullptr, false, Evidence::kTwoTicks},
    {"call-r100-1m-lost-even-start", nullptr, false, Evidence::kTicks},
    {"call-r100-1m-lost-odd-start", nullptr, false, Evidence::kTicks},
    {"call-r100-1m-plus-barrier-expired-unsold", nullptr, true, Evidence::kTicks},
    {"call-r50-1t-lost-clientform", nullptr, false, Evidence::kTicks},
    {"digitmatch-r100-5t-lost-2016", nullptr, false, Evidence::kTwoTicks},
    {"digitmatch-r100-5t-lost-2016", "r100-around-digitmatch-2016", false, Evidence::kTicks},
};

std::string contract_text(const Recorded& r) {
  return slurp(kCaptures / "proposal_open_contract" / fmt::format("{}.json", r.file));
}
std::vector<market::Tick> ticks_beside(const Recorded& r) {
  if (r.ticks == nullptr) return {};
  auto ticks =
      read_saved_ticks(slurp(kCaptures / "ticks_history" / fmt::format("{}.json", r.ticks)),
                       *market::find_symbol("R_100"));
  EXPECT_TRUE(ticks) << ticks.error().text;
  return *ticks;
}

TEST(SavedContracts, EverySettledOneThatWasRecordedAuditsRight) {
  NEEDS_CAPTURES();
  for (const auto& r : kOver) {
    SCOPED_TRACE(r.file);
    const auto a = audited(contract_text(r), ticks_beside(r));
    EXPECT_EQ(a.verdict, AuditVerdict::kAgrees) << told(a);
    EXPECT_EQ(a.evidence, r.evidence) << told(a);
    EXPECT_EQ(a.won, r.won);
    EXPECT_EQ(a.paid, a.expected);
  }
}

// None is forgotten above: whatever else is there is open, or of a kind that is not audited.
TEST(SavedContracts, TheOthersSayWhyTheyAreNotJudged) {
  NEEDS_CAPTURES();
  const std::map<std::string, std::string> why{
      {"2015-call-frxeurusd-open", "contracts on frxEURUSD are not audited"},
      {"call-1hz100v-fixed-expiry-open", "still open"},
      {"call-1hz100v-waiting-entry-tick", "still open"},
      {"multup-1hz100v-deal-cancellation-open", "still open"},
      {"turboslong-1hz100v-open", "TURBOSLONG contracts are not audited"},
      {"vanillalongcall-1hz100v-open", "VANILLALONGCALL contracts are not audited"}};
  for (const auto& file : fs::directory_iterator(kCaptures / "proposal_open_contract")) {
    const auto name = file.path().stem().string();
    if (std::any_of(kOver.begin(), kOver.end(), [&](const auto& r) { return name == r.file; })) {
      continue;
    }
    ASSERT_TRUE(why.contains(name)) << name;
    const auto saved = read_saved_contract(slurp(file.path()));
    if (!saved) {
      EXPECT_THAT(saved.error().text, HasSubstr(why.at(name)));
      continue;
    }
    const auto a = execution::audit(saved->claim, saved->ticks);
    EXPECT_EQ(a.verdict, AuditVerdict::kUnjudged) << name << told(a);
    EXPECT_THAT(told(a), HasSubstr(why.at(name)));
  }
}

/// Numbers and numbers in strings, moved by one in their last place.
json_t moved(const json_t& value) {
  auto text = value.is_string() ? value.get<std::string>() : value.dump();
  text.back() = text.back() == '9' ? '8' : static_cast<char>(text.back() + 1);
  return value.is_string() ? json_t(text) : json_t::parse(text);
}

json_t& inner(json_t& document) {
  auto& last = document.is_array() ? document.back() : document;
  return last.contains("proposal_open_contract") ? last["proposal_open_contract"] : last;
}

// Fields that an audit must not let pass when they are changed by one in the last place. In the
// payload of 2016 without ticks a quote that nothing else repeats has no second witness.
TEST(SavedContracts, EachAlteredFieldIsCaught) {
  NEEDS_CAPTURES();
  const std::vector<std::string> keys{"entry_tick",
                                      "entry_tick_time",
                                      "exit_tick",
                                      "exit_tick_time",
                                      "barrier",
                                      "sell_price",
                                      "profit",
                                      "entry_spot_value",
                                      "entry_spot_time",
                                      "exit_spot_value",
                                      "sell_price_value",
                                      "entry_tick_display_value",
                                      "exit_tick_display_value",
                                      "payout",
                                      "date_start",
                                      "start_time"};
  int altered = 0;
  for (const auto& r : kOver) {
    const auto text = contract_text(r);
    const auto ticks = ticks_beside(r);
    for (const auto& key : keys) {
      auto document = json_t::parse(text);
      auto& contract = inner(document);
      if (!contract.contains(key)) continue;
      // Nothing repeats the payout of a lost contract in a client library's form.
      if (key == "payout" && !contract.contains("shortcode")) continue;
      const bool unseen =
          r.evidence == Evidence::kTwoTicks && std::string_view(r.file) == kOver.back().file;
      if (unseen && key == "exit_tick") continue;  // another digit that loses too
      contract[key] = moved(contract[key]);
      const auto saved = read_saved_contract(document.dump());
      ASSERT_TRUE(saved) << r.file << " " << key << ": " << saved.error().text;
      auto all = saved->ticks;
      all.insert(all.end(), ticks.begin(), ticks.end());
      const auto a = execution::audit(saved->claim, all);
      EXPECT_EQ(a.verdict, AuditVerdict::kDiffers) << r.file << " " << key << "\n" << told(a);
      ++altered;
    }
    auto document = json_t::parse(text);
    if (!inner(document).contains("status")) continue;
    for (const auto* status : {"won", "lost", "sold", "cancelled", "open"}) {
      auto changed = document;
      if (inner(changed)["status"] == status) continue;
      // Expired and not yet sold may come to be any of these: it is open until it is paid.
      if (inner(changed)["status"] == "open") continue;
      inner(changed)["status"] = status;
      if (!inner(changed).contains("is_sold") && std::string_view(status) == "open") continue;
      EXPECT_EQ(audited(changed.dump()).verdict, AuditVerdict::kDiffers) << r.file << status;
      ++altered;
    }
  }
  EXPECT_GT(altered, 80);
}

TEST(SavedContracts, AnAlteredTickOfTheListIsCaught) {
  NEEDS_CAPTURES();
  auto document = json_t::parse(contract_text(kOver[5]));
  for (const auto* list : {"contract_start", "contract_end"}) {
    for (std::size_t i = 0; i < document["audit_details"][list].size(); ++i) {
      auto changed = document;
      auto& tick = changed["audit_details"][list][i];
      if (!tick.contains("flag") || !tick.contains("tick")) continue;  // decides nothing
      tick["tick"] = moved(tick["tick"]);
      EXPECT_EQ(audited(changed.dump()).verdict, AuditVerdict::kDiffers) << list << i;
    }
  }
}

// ---- the options dialect, from its schema: strings, other names ----

json_t options_contract() {
  return json_t::parse(R"({
    "contract_id": 77, "contract_type": "DIGITODD", "underlying_symbol": "R_100",
    "shortcode": "DIGITODD_R_100_1.95_1782086400_1T", "currency": "USD",
    "date_start": 1782086400, "purchase_time": 1782086400, "date_expiry": 1782086402,
    "buy_price": "1.00", "payout": "1.95", "bid_price": "1.95", "sell_price": "1.95",
    "profit": "0.95", "status": "won", "is_sold": 1, "is_expired": 1, "sell_time": 1782086404,
    "entry_spot": "100.01", "entry_spot_time": 1782086402, "barrier": null,
    "exit_spot": "100.01", "exit_spot_time": 1782086402, "tick_count": 1,
    "tick_stream": [{"epoch": 1782086402, "tick": 100.01, "tick_display_value": "100.01"}]})");
}

TEST(SavedContracts, OfTheOptionsDialectAreTheSame) {
  const auto a = audited(options_contract().dump());
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees) << told(a);
  EXPECT_EQ(a.evidence, Evidence::kTicks);
  // As a frame, and without a shortcode.
  json_t frame{{"msg_type", "proposal_open_contract"},
               {"echo_req", {{"proposal_open_contract", 1}, {"contract_id", 77}}},
               {"proposal_open_contract", options_contract()}};
  frame["proposal_open_contract"].erase("shortcode");
  const auto b = audited(frame.dump());
  EXPECT_EQ(b.verdict, AuditVerdict::kAgrees) << told(b);
  frame["proposal_open_contract"]["contract_type"] = "DIGITEVEN";
  EXPECT_THAT(told(audited(frame.dump())), HasSubstr("status: said won, expected lost"));
}

TEST(SavedContracts, ContradictionsWithTheirShortcodeAreNamed) {
  const auto with = [](const char* key, const json_t& value) {
    auto c = options_contract();
    c[key] = value;
    return told(audited(c.dump()));
  };
  EXPECT_THAT(with("payout", "1.96"), HasSubstr("payout: said 1.96, expected 1.95"));
  EXPECT_THAT(with("contract_type", "DIGITEVEN"), HasSubstr("type: said DIGITEVEN"));
  EXPECT_THAT(with("date_start", 1782086399), HasSubstr("start: said 1782086399"));
  EXPECT_THAT(with("tick_count", 2), HasSubstr("tick_count: said 2, expected 1"));
  EXPECT_THAT(with("bid_price", "1.94"), HasSubstr("bid_price: said 1.94"));
  EXPECT_THAT(with("barrier", "3"), HasSubstr("barrier: said 3, expected none"));
  EXPECT_THAT(with("is_sold", 0), HasSubstr("status: said won"));
  EXPECT_THAT(with("entry_spot", "100.011"), HasSubstr("a quote of 2 decimals"));
}

TEST(SavedContracts, WhatIsNoContractIsRefusedWithAReason) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"", "not readable JSON"},
      {"{", "not readable JSON"},
      {"[]", "no contract"},
      {"17", "not readable JSON"},
      {"{}", "no contract"},
      {R"({"contract_type":"CALL"})", "names no symbol"},
      {R"({"contract_type":"CALL","underlying":"R_100"})", "no start"},
      {R"({"contract_type":"ACCU","underlying":"R_100"})", "ACCU contracts are not audited"},
      {R"({"contract_type":"CALL","underlying":"R_100","date_start":1782086400})", "neither ticks"},
      {R"({"contract_type":"CALL","underlying":"R_100","date_start":1782086400,"tick_count":5,)"
       R"("is_sold":1})",
       "buy_price is missing"},
      {R"({"contract_type":"DIGITODD","underlying":"R_100","date_start":1782086400,)"
       R"("tick_count":4294967297})",
       "tick_count is not a number of ticks"},
      {R"({"contract_type":"CALL","underlying":"R_100","date_start":1782086400,)"
       R"("date_expiry":9782086460})",
       "years after its start"},
      {R"({"contract_type":"DIGITODD","underlying":"R_100","date_start":1782086400})",
       "without tick_count"},
      {R"({"contract_type":"CALL","underlying":"R_100","is_forward_starting":1})", "start later"},
      {R"({"contract_type":"CALL","underlying":"R_100","shortcode":"PUT"})", "shortcode 'PUT'"},
      {R"({"contract_type":"CALL","underlying":"R_100","shortcode":"\u001b[2J\nPUT"})",
       "shortcode has control characters"},
      {R"({"contract_type":"CALL","contract_type":"PUT"})", "appears twice"},
      {R"({"contract_type":"CALL","buy_price":"nan"})", "buy_price is not a number"}};
  for (const auto& [text, why] : bad) {
    const auto saved = read_saved_contract(text);
    ASSERT_FALSE(saved) << text;
    EXPECT_THAT(saved.error().text, HasSubstr(why)) << text;
  }
  // simdjson 3.11 sees it before it has read the object, and says so in words of its own.
  EXPECT_THAT(read_saved_contract("{} x").error().text,
              AnyOf(HasSubstr("text after its end"), HasSubstr("not readable JSON")));
  std::string large(kMaxSavedBytes + 1, ' ');
  EXPECT_THAT(read_saved_contract(large).error().text, HasSubstr("too large"));
}

TEST(SavedTicks, OfAHistoryAndOfAList) {
  const auto& symbol = *market::find_symbol("R_100");
  const auto history = read_saved_ticks(
      R"({"history":{"prices":[1.5,"2.25"],"times":[10,12]},"msg_type":"history"})", symbol);
  ASSERT_TRUE(history) << history.error().text;
  const auto list =
      read_saved_ticks(R"([{"epoch":10,"quote":1.5},{"quote":"2.25","epoch":12}])", symbol);
  ASSERT_TRUE(list) << list.error().text;
  EXPECT_EQ(*history, *list);
  EXPECT_EQ((*list)[0].quote, core::Price::raw(150, 2));
  EXPECT_THAT(read_saved_ticks("[]", symbol).error().text, HasSubstr("no ticks"));
  EXPECT_THAT(read_saved_ticks(R"([{"epoch":10,"quote":1.567}])", symbol).error().text,
              HasSubstr("tick 1"));
}

}  // namespace
}  // namespace derivd::deriv
