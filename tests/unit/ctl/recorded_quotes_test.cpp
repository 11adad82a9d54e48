// The file of recorded quotes: what it keeps, what it refuses, and what back-tests take from it.
#include "common/recorded_quotes.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "derivctl/payout_source.hpp"

namespace derivd::ctl {
namespace {

using daemon::keep_recorded;
using daemon::load_recorded;
using daemon::newest_of;
using daemon::NewestQuotes;
using daemon::read_recorded;
using daemon::recorded_of;
using daemon::RecordedQuote;
using daemon::write_recorded;

namespace fs = std::filesystem;
using market::PriceList;

core::Result<std::vector<RecordedQuote>> read(std::string_view text) {
  auto bytes = daemon::ByteSource::of(text);
  return read_recorded(bytes);
}

RecordedQuote quote(std::string_view spec, std::string_view stake, std::string_view payout,
                    std::int64_t time, PriceList list = PriceList::kAccount,
                    std::string account = "DOT90000001") {
  RecordedQuote out;
  out.spec = market::decode(spec).value();
  out.stake = core::Money::parse(stake).value();
  out.payout = core::Money::parse(payout).value();
  out.time = {time};
  out.list = list;
  out.account = std::move(account);
  out.currency = "USD";
  return out;
}

constexpr auto kOdd = "DIGITODD R_100 1t";
constexpr auto kCall = "CALL R_100 5t";
constexpr std::int64_t kThen = 1'796'040'000;

std::string paid(const NewestQuotes& newest, std::string_view spec, std::string_view stake,
                 std::int64_t at = kThen) {
  const auto s = market::decode(spec).value();
  if (!newest.quotes.has(s)) return "nothing";
  return newest.quotes.payout(s, core::Money::parse(stake).value(), {at}).to_string();
}

class Directory : public testing::Test {
 protected:
  void SetUp() override {
    path = (fs::temp_directory_path() / fmt::format("derivd-quotes-{}", ::getpid())).string();
    fs::create_directories(path);
  }
  void TearDown() override { fs::remove_all(path); }
  void put(std::string_view text) const {
    std::ofstream(path + "/quotes.json", std::ios::binary) << text;
  }
  std::string path;
};

TEST(RecordedQuotes, WhatIsWrittenIsRead) {
  auto spotted = quote("HIGHER R_100 5m +0.10", "1.00", "2.10", kThen);
  spotted.spot = "342.07";
  const std::vector rows{quote(kOdd, "0.35", "0.66", kThen), spotted,
                         quote(kOdd, "1.00", "1.95", kThen + 5, PriceList::kPublic, "PAPER")};
  const auto text = write_recorded(rows);
  const auto parsed = nlohmann::json::parse(text);
  EXPECT_EQ(parsed["derivd_quotes"], 1);
  EXPECT_EQ(parsed["quotes"][2]["source"], "public");
  const auto again = read(text);
  ASSERT_TRUE(again) << again.error().text;
  ASSERT_EQ(again->size(), 3U);
  EXPECT_EQ((*again)[1].spec, spotted.spec);
  EXPECT_EQ((*again)[1].spot, "342.07");
  EXPECT_EQ((*again)[2].list, PriceList::kPublic);
  EXPECT_EQ(write_recorded(*again), text);
}

TEST(RecordedQuotes, AnythingElseIsRefusedWithItsPlace) {
  const auto whole = write_recorded({quote(kOdd, "1.00", "1.95", kThen)});
  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = whole;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  struct Case {
    std::string text;
    const char* why;
  };
  for (const auto& [text, why] : std::vector<Case>{
           {"", "JSON"},
           {"[]", "something else than quotes"},
           {"{}", "no file of recorded quotes"},
           {R"({"quotes":[]})", "something else than quotes"},
           {with("\"derivd_quotes\":1", "\"derivd_quotes\":2"), "later release"},
           {with("\"derivd_quotes\":1", "\"derivd_quotes\":\"1\""), "later release"},
           {whole.substr(0, whole.size() / 2), "JSON"},
           {with("DIGITODD R_100 1t", "DIGITODD R_100 5m"), "quote 1: spec"},
           {with("DIGITODD R_100 1t", "MULTUP R_100 - multiplier=100"), "quote 1: spec"},
           {with("DIGITODD R_100 1t", "NOTHING"), "quote 1: spec"},
           {with("\"1.00\"", "1.00"), "quote 1: stake is no text"},
           {with("\"1.00\"", "\"-1.00\""), "quote 1: stake"},
           {with("\"1.00\"", "\"0.00\""), "quote 1: stake is not above 0"},
           {with("\"1.00\"", "\"1.0\""), "same number of decimals"},
           {with("\"1.00\"", "\"1e3\""), "quote 1: stake"},
           {with("\"1.95\"", "\"0.95\""), "payout is out of range"},
           {with("\"1.95\"", "\"9999.00\""), "payout is out of range"},
           {with("\"account\",\"account\"", "\"venue\",\"account\""), "neither account nor public"},
           {with("1796040000", "0"), "epoch is no time"},
           {with("1796040000", "\"now\""), "epoch is no number"},
           {with("DOT90000001", ""), "account is missing"},
           {with("DOT90000001", "a\\u001bb"), "account is no word"}}) {
    const auto rows = read(text);
    ASSERT_FALSE(rows) << text;
    EXPECT_NE(rows.error().text.find(why), std::string::npos)
        << rows.error().text << " for " << text;
  }
}

TEST(RecordedQuotes, TheNewestOfTheAccountThatWasAskedLastCounts) {
  const auto newest =
      newest_of({quote(kOdd, "1.00", "1.95", kThen), quote(kOdd, "1.00", "1.92", kThen + 600),
                 quote(kOdd, "0.35", "0.66", kThen + 60),
                 quote(kCall, "1.00", "1.80", kThen, PriceList::kAccount, "CR1"),
                 quote(kCall, "1.00", "1.99", kThen + 900, PriceList::kPublic, "PAPER")},
                core::Money::kCents);
  EXPECT_EQ(newest.account, "DOT90000001");
  EXPECT_EQ(newest.currency, "USD");
  EXPECT_EQ(newest.first.s, kThen + 60);
  EXPECT_EQ(newest.last.s, kThen + 600);
  EXPECT_EQ(paid(newest, kOdd, "1.00"), "1.92");
  EXPECT_EQ(paid(newest, kOdd, "1.00", 1), "1.92") << "whatever the time of the signal";
  EXPECT_EQ(paid(newest, kOdd, "1.00", kThen + 9'999'999), "1.92");
  EXPECT_EQ(paid(newest, kOdd, "0.35"), "0.66") << "each stake has its own";
  EXPECT_EQ(paid(newest, kOdd, "2.00"), "3.84") << "the ratio of the largest";
  EXPECT_EQ(paid(newest, kCall, "1.00"), "nothing")
      << "neither the public list nor another account";
}

TEST(RecordedQuotes, OfAnotherCurrencyOrOfThePublicListAloneThereIsNothing) {
  auto coin = quote(kOdd, "1.00", "1.95", kThen);
  coin.stake = core::Money::minor(100'000, 8);
  coin.payout = core::Money::minor(195'000, 8);
  const auto none = newest_of({coin, quote(kOdd, "1.00", "1.95", kThen, PriceList::kPublic)},
                              core::Money::kCents);
  EXPECT_TRUE(none.quotes.empty());
  EXPECT_FALSE(newest_of({coin}, 8).quotes.empty());
}

TEST(RecordedQuotes, APriceOfTheDaemonBecomesOne) {
  nlohmann::ordered_json price{
      {"spec", "CALL R_100 5t"}, {"stake", "1.00"},     {"payout", "1.90"},  {"spot", "342.07"},
      {"currency", "USD"},       {"source", "account"}, {"account", "DOT1"}, {"epoch", kThen}};
  const auto one = recorded_of(price);
  ASSERT_TRUE(one) << one.error().text;
  EXPECT_EQ(one->payout.to_string(), "1.90");
  price["payout"] = nullptr;
  EXPECT_FALSE(recorded_of(price)) << "a position has no payout";
  price["payout"] = "1.90";
  price["source"] = "";
  EXPECT_FALSE(recorded_of(price)) << "whose price it is must be said";
}

TEST_F(Directory, KeepsAppendsAndDropsTheOldest) {
  EXPECT_EQ(load_recorded(path).error().kind, core::ErrorKind::kNotFound);
  ASSERT_TRUE(keep_recorded(path, {quote(kOdd, "1.00", "1.95", kThen)}));
  ASSERT_TRUE(keep_recorded(path, {quote(kOdd, "1.00", "1.92", kThen + 1)}));
  auto rows = load_recorded(path);
  ASSERT_TRUE(rows) << rows.error().text;
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->front().payout.to_string(), "1.95");
  std::vector<RecordedQuote> many(daemon::kMaxRecorded - 1,
                                  quote(kCall, "1.00", "1.90", kThen + 2));
  ASSERT_TRUE(keep_recorded(path, many));
  rows = load_recorded(path);
  ASSERT_TRUE(rows) << rows.error().text;
  ASSERT_EQ(rows->size(), daemon::kMaxRecorded);
  EXPECT_EQ(rows->front().payout.to_string(), "1.92") << "the oldest went first";
}

TEST_F(Directory, ADamagedFileIsRefusedByNameAndLeftAlone) {
  for (const auto* text : {"{", "{\"derivd_quotes\":9,\"quotes\":[]}", "\x01\x02"}) {
    put(text);
    const auto rows = load_recorded(path);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind, core::ErrorKind::kInvalid);
    EXPECT_NE(rows.error().text.find(path + "/quotes.json"), std::string::npos)
        << rows.error().text;
    const auto kept = keep_recorded(path, {quote(kOdd, "1.00", "1.95", kThen)});
    ASSERT_FALSE(kept);
    EXPECT_NE(kept.error().text.find("move it away"), std::string::npos) << kept.error().text;
    std::ifstream in(path + "/quotes.json", std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
  }
  put(std::string(daemon::kMaxQuotesFile + 1, ' '));
  EXPECT_FALSE(load_recorded(path));
}

TEST_F(Directory, PaysABackTestAndLeavesTheRestToTheModel) {
  using Rest = backtest::Payouts::Rest;
  const auto odd = market::decode(kOdd).value();
  const auto call = market::decode(kCall).value();
  const market::Tick tick{"R_100", {kThen}, core::Price::raw(34'207, 2)};
  EXPECT_EQ(recorded_payouts(path, {}, Rest::kModel, 2).error().kind, core::ErrorKind::kNotFound);
  ASSERT_TRUE(keep_recorded(path, {quote(kOdd, "1.00", "1.92", kThen)}));
  const auto found = recorded_payouts(path, {}, Rest::kModel, 2);
  ASSERT_TRUE(found) << found.error().text;
  const auto stake = core::Money::minor(100);
  EXPECT_TRUE(found->payouts.has(call));
  EXPECT_FALSE(found->payouts.is_recorded(call));
  EXPECT_TRUE(found->payouts.is_recorded(odd));
  EXPECT_EQ(found->payouts.payout(odd, stake, tick).to_string(), "1.92");
  EXPECT_EQ(found->payouts.payout(call, stake, tick),
            backtest::Payouts{}.payout(call, stake, tick));
  EXPECT_EQ(found->payouts.price(odd, core::Money::minor(192), tick).to_string(), "1.00");
  const auto alone = recorded_payouts(path, {}, Rest::kNothing, 2);
  ASSERT_TRUE(alone);
  EXPECT_FALSE(alone->payouts.has(call));
  EXPECT_NE(alone->payouts.identity(), found->payouts.identity());
  // The file itself is one that --payouts takes.
  const auto file = payouts_of_file(path + "/quotes.json");
  ASSERT_TRUE(file) << file.error().text;
  EXPECT_EQ(file->payout(odd, stake, tick).to_string(), "1.92");
}

}  // namespace
}  // namespace derivd::ctl
