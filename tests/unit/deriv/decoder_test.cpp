#include "deriv/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "deriv/rest.hpp"

namespace derivd::deriv {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Decoded {
  core::Result<void> result;
  Frame frame;
};

Decoded decode(std::string text, const WireNames& names = kOptionsNames,
               std::uint8_t money_decimals = 2) {
  Decoder decoder(names);
  decoder.set_money_decimals(money_decimals);
  const auto size = text.size();
  text.append(64, '\0');
  Frame frame;
  auto result = decoder.decode(std::string_view(text).substr(0, size), text.size(), frame);
  return {result, std::move(frame)};
}

std::string error_of(const std::string& text, const WireNames& names = kOptionsNames) {
  const auto decoded = decode(text, names);
  return decoded.result ? "no error" : decoded.result.error().text;
}

const std::string kTick =
    R"({"tick":{"symbol":"R_100","epoch":1700000001,"quote":1451.5,"pip_size":2,"id":"x"},)"
    R"("msg_type":"tick","req_id":9,"subscription":{"id":"stream-1"}})";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace");
  return text.replace(at, from.size(), to);
}

TEST(Decoder, ReadsATickExactly) {
  const auto d = decode(kTick);
  ASSERT_TRUE(d.result) << d.result.error().text;
  EXPECT_EQ(d.frame.message, Message::kTick);
  EXPECT_EQ(d.frame.req_id, 9);
  EXPECT_EQ(d.frame.stream, "stream-1");
  const auto& tick = std::get<TickPayload>(d.frame.payload);
  EXPECT_EQ(tick.symbol, "R_100");
  EXPECT_EQ(tick.tick.epoch.s, 1700000001);
  EXPECT_EQ(tick.decimals, 2);
  EXPECT_EQ(core::Price::from(tick.tick.quote, 2)->to_string(), "1451.50");
}

TEST(Decoder, KeepsEveryDigitOfAQuote) {
  // 0.1 + 0.2 would show here if a float were in the way.
  const auto d = decode(replaced(kTick, "1451.5", "809012.12345678901"));
  ASSERT_TRUE(d.result);
  const auto& quote = std::get<TickPayload>(d.frame.payload).tick.quote;
  EXPECT_EQ(quote.mantissa, 80901212345678901);
  EXPECT_EQ(quote.scale, 11);
}

TEST(Decoder, ReadsNumbersThatAreStrings) {
  const auto d = decode(replaced(kTick, "1451.5", "\"1451.50\""));
  ASSERT_TRUE(d.result);
  EXPECT_EQ(std::get<TickPayload>(d.frame.payload).tick.quote.to_string(), "1451.5");
}

TEST(Decoder, TakesAPipSizeOnlyWhenItIsThere) {
  const auto d = decode(replaced(kTick, ",\"pip_size\":2", ""));
  ASSERT_TRUE(d.result);
  EXPECT_EQ(std::get<TickPayload>(d.frame.payload).decimals, std::nullopt);
}

TEST(Decoder, NamesTheMissingField) {
  EXPECT_EQ(error_of(replaced(kTick, "\"symbol\":\"R_100\",", "")), "tick.symbol is missing");
  EXPECT_EQ(error_of(replaced(kTick, "\"epoch\":1700000001,", "")), "tick.epoch is missing");
  EXPECT_EQ(error_of(replaced(kTick, "\"quote\":1451.5,", "")), "tick.quote is missing");
}

/// And the library's words for it, which differ from one release to the next.
constexpr auto* kImproper = "tick.quote is not readable JSON: ";

struct Bad {
  const char* from;
  const char* to;
  const char* error;
};
class BadTick : public testing::TestWithParam<Bad> {};

TEST_P(BadTick, IsRefusedByName) {
  const auto text = replaced(kTick, GetParam().from, GetParam().to);
  const auto d = decode(text);
  ASSERT_FALSE(d.result) << text;
  const auto& said = d.result.error().text;
  if (GetParam().error == std::string_view(kImproper)) {
    EXPECT_THAT(said, StartsWith(kImproper));
    EXPECT_THAT(said, HasSubstr("improper structure"));
  } else {
    EXPECT_EQ(said, GetParam().error);
  }
  EXPECT_EQ(d.result.error().kind, core::ErrorKind::kProtocol);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadTick,
    testing::Values(
        Bad{"1451.5", "null", "tick.quote is not a number"},
        Bad{"1451.5", "true", "tick.quote is not a number"},
        Bad{"1451.5", "[1451.5]", "tick.quote is not a number"},
        Bad{"1451.5", "{}", "tick.quote is not a number"},
        Bad{"1451.5", "\"\"", "tick.quote is not a number"},
        Bad{"1451.5", "\"abc\"", "tick.quote is not a number"},
        Bad{"1451.5", "\"1451.5 \"", "tick.quote is not a number"}, Bad{"1451.5", "NaN", kImproper},
        Bad{"1451.5", "01451.5", "tick.quote is not a number"},
        Bad{"1451.5", "1451.", "tick.quote is not a number"}, Bad{"1451.5", ".5", kImproper},
        Bad{"1451.5", "1451.5x", "tick.quote is not a number"}, Bad{"1451.5", "+1", kImproper},
        Bad{"1451.5", "\"+1\"", "tick.quote is not a number"},
        Bad{"1451.5", "0x10", "tick.quote is not a number"},
        Bad{"1451.5", "1e", "tick.quote is not a number"},
        Bad{"1700000001", "1700000001.5", "tick.epoch is not an integer"},
        Bad{"1700000001", "1.7e9", "tick.epoch is not an integer"},
        Bad{"1700000001", "-1", "tick.epoch is not an epoch"},
        Bad{"1700000001", "17000000010", "tick.epoch is not an epoch"},
        Bad{"1700000001", "99999999999999999999", "tick.epoch is not an integer"},
        Bad{"\"R_100\"", "7", "tick.symbol is not a string"},
        Bad{"\"R_100\"", "null", "tick.symbol is not a string"},
        Bad{"\"R_100\"", "\"0123456789012345678901234567890\"", "tick.symbol is too long"},
        Bad{"\"pip_size\":2", "\"pip_size\":2.5", "tick.pip_size is not a number of decimals"},
        Bad{"\"pip_size\":2", "\"pip_size\":-2", "tick.pip_size is not a number of decimals"},
        Bad{"\"pip_size\":2", "\"pip_size\":13", "tick.pip_size is not a number of decimals"},
        Bad{"\"pip_size\":2", "\"epoch\":1700000002", "tick.epoch appears twice"},
        Bad{"\"pip_size\":2", "\"quote\":1", "tick.quote appears twice"},
        Bad{"\"req_id\":9", "\"req_id\":9,\"req_id\":8", "req_id appears twice"},
        Bad{"\"req_id\":9", "\"req_id\":\"x\"", "req_id is not a number"},
        Bad{"\"msg_type\":\"tick\"", "\"msg_type\":\"buy\"",
            "msg_type does not fit the payload tick"},
        Bad{"\"msg_type\":\"tick\"", "\"msg_type\":\"website_status\"",
            "msg_type does not fit the payload tick"},
        Bad{"\"msg_type\":\"tick\"", "\"msg_type\":\"tick\",\"ping\":\"pong\"",
            "ping is a second payload of one frame"},
        Bad{"{\"tick\":{", "{\"tick\":7,\"x\":{", "tick is not an object"}));

TEST(Decoder, RefusesWhatIsNoDocument) {
  for (const std::string text : {"", " ", "{", "}", "[]", "7", "\"x\"", "null", "{\"tick\":{}}}",
                                 "{\"a\":1} {\"b\":2}", "{\"a\":\"\xff\"}", "{\"a\":\"b}"}) {
    EXPECT_FALSE(decode(text).result) << text;
  }
}

TEST(Decoder, RefusesEveryTruncation) {
  for (std::size_t n = 0; n < kTick.size(); ++n) {
    EXPECT_FALSE(decode(kTick.substr(0, n)).result) << n;
  }
}

TEST(Decoder, FallsBackToTheEchoedRequestId) {
  const auto d =
      decode(R"({"echo_req":{"time":1,"req_id":31},"msg_type":"time","time":1700000001})");
  ASSERT_TRUE(d.result) << d.result.error().text;
  EXPECT_EQ(d.frame.req_id, 31);
  EXPECT_EQ(std::get<TimePayload>(d.frame.payload).time.s, 1700000001);
}

TEST(Decoder, TopLevelRequestIdWins) {
  const auto d =
      decode(R"({"echo_req":{"req_id":31},"msg_type":"time","time":1700000001,"req_id":32})");
  ASSERT_TRUE(d.result);
  EXPECT_EQ(d.frame.req_id, 32);
}

TEST(Decoder, KeepsTheRequestIdOfAFrameItRefuses) {
  const auto d = decode(R"({"buy":{"contract_id":"?"},"msg_type":"buy","req_id":77})");
  ASSERT_FALSE(d.result);
  EXPECT_EQ(d.result.error().text, "buy.contract_id is not a number");
  EXPECT_EQ(d.frame.req_id, 77);
}

TEST(Decoder, ReadsAnErrorAndNoPayload) {
  const auto d = decode(
      R"({"proposal":{"id":7},"error":{"code":"ContractBuyValidationError","message":"No",)"
      R"("subcode":"InvalidMinStake","details":{"field":"amount"}},"msg_type":"proposal","req_id":3})");
  ASSERT_TRUE(d.result) << d.result.error().text;
  ASSERT_TRUE(d.frame.error);
  EXPECT_EQ(d.frame.error->code, "ContractBuyValidationError");
  EXPECT_EQ(d.frame.error->subcode, "InvalidMinStake");
  EXPECT_EQ(d.frame.error->message, "No");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(d.frame.payload));
  EXPECT_EQ(error_of(R"({"error":{"message":"No"},"msg_type":"buy"})"), "error.code is missing");
}

TEST(Decoder, UnknownMessagesAreOther) {
  const auto d = decode(R"({"website_status":{"site_status":"up"},"msg_type":"website_status"})");
  ASSERT_TRUE(d.result);
  EXPECT_EQ(d.frame.message, Message::kOther);
  EXPECT_EQ(d.frame.msg_type, "website_status");
  EXPECT_EQ(error_of(R"({"echo_req":{}})"), "frame has no message that is known");
  EXPECT_EQ(error_of(R"({"msg_type":"tick"})"), "tick is missing");
}

TEST(Decoder, UnknownFieldsAreIgnored) {
  const auto d = decode(replaced(kTick, "\"pip_size\":2", "\"pip_size\":2,\"auto_run_id\":[{}]"));
  EXPECT_TRUE(d.result);
}

TEST(Decoder, CopiesAFrameWithoutRoomBehindIt) {
  Decoder decoder(kOptionsNames);
  const std::string exact(kTick.begin(), kTick.end());
  Frame frame;
  ASSERT_TRUE(decoder.decode(exact, exact.size(), frame));
  EXPECT_EQ(frame.message, Message::kTick);
}

TEST(Decoder, ReadsAHistory) {
  const auto d = decode(
      R"({"history":{"prices":[1451.5,"1451.52",1450],"times":[1700000000,1700000002,1700000004]},)"
      R"("msg_type":"history","pip_size":2,"req_id":4,"subscription":{"id":"s"}})");
  ASSERT_TRUE(d.result) << d.result.error().text;
  const auto& history = std::get<HistoryPayload>(d.frame.payload);
  ASSERT_EQ(history.ticks.size(), 3U);
  EXPECT_EQ(history.ticks[1].quote.to_string(), "1451.52");
  EXPECT_EQ(history.ticks[2].epoch.s, 1700000004);
  EXPECT_EQ(history.decimals, 2);
  EXPECT_EQ(error_of(R"({"history":{"prices":[1],"times":[]},"msg_type":"history"})"),
            "history has not one time for each price");
  EXPECT_EQ(error_of(R"({"history":{"prices":[1]},"msg_type":"history"})"),
            "history.times is missing");
  // A row costs itself alone.
  const auto holed =
      decode(R"({"history":{"prices":[1,null,3],"times":[1,2,3]},"msg_type":"history"})");
  ASSERT_TRUE(holed.result) << holed.result.error().text;
  const auto& rest = std::get<HistoryPayload>(holed.frame.payload);
  ASSERT_EQ(rest.ticks.size(), 2U);
  EXPECT_EQ(rest.ticks[1].epoch.s, 3);
  EXPECT_EQ(rest.unreadable, 1U);
  EXPECT_EQ(rest.first_unreadable, "row 2: history.prices is not a number");
}

const std::string kBuy =
    R"({"buy":{"balance_after":9999.65,"buy_price":0.35,"contract_id":290738827928,"longcode":"l",)"
    R"("payout":0.68,"purchase_time":1700000001,"shortcode":"DIGITODD_R_100_0.68_1700000001_1T",)"
    R"("start_time":1700000001,"transaction_id":579255439748},"msg_type":"buy","req_id":5})";

TEST(Decoder, ReadsAPurchase) {
  const auto d = decode(kBuy);
  ASSERT_TRUE(d.result) << d.result.error().text;
  const auto& bought = std::get<execution::Bought>(d.frame.payload);
  EXPECT_EQ(bought.contract.value, 290738827928);
  EXPECT_EQ(bought.transaction.value, 579255439748);
  EXPECT_EQ(bought.buy_price.units(), 35);
  EXPECT_EQ(bought.payout->units(), 68);
  EXPECT_EQ(bought.balance_after.units(), 999965);
  EXPECT_EQ(bought.purchase_time.s, 1700000001);
  EXPECT_EQ(bought.shortcode, "DIGITODD_R_100_0.68_1700000001_1T");
}

TEST(Decoder, APayoutOfZeroIsNone) {
  const auto d = decode(replaced(kBuy, "\"payout\":0.68", "\"payout\":0"));
  ASSERT_TRUE(d.result);
  EXPECT_EQ(std::get<execution::Bought>(d.frame.payload).payout, std::nullopt);
}

TEST(Decoder, RefusesAPurchaseWithoutEachOfItsFields) {
  for (const std::string field : {"balance_after", "buy_price", "contract_id", "payout",
                                  "purchase_time", "shortcode", "transaction_id"}) {
    const auto text = replaced(kBuy, fmt::format("\"{}\"", field), "\"other\"");
    EXPECT_EQ(error_of(text), fmt::format("buy.{} is missing", field));
  }
}

TEST(Decoder, RefusesAmountsThatAreNoCents) {
  EXPECT_EQ(error_of(replaced(kBuy, "0.35", "0.351")),
            "buy.buy_price 0.351 has more than 2 decimals");
  EXPECT_TRUE(decode(replaced(kBuy, "0.35", "0.350")).result);
  EXPECT_EQ(error_of(replaced(kBuy, "0.35", "0")), "buy.buy_price is not a price");
  EXPECT_EQ(error_of(replaced(kBuy, "290738827928", "0")), "buy.contract_id is not a positive id");
}

TEST(Decoder, ReadsAmountsInTheDecimalsOfTheCurrency) {
  const auto coins =
      decode(replaced(replaced(kBuy, "0.35", "1.5e-05"), "0.68", "0.00002931"), kOptionsNames, 8);
  ASSERT_TRUE(coins.result) << coins.result.error().text;
  const auto& bought = std::get<execution::Bought>(coins.frame.payload);
  EXPECT_EQ(bought.buy_price, core::Money::minor(1'500, 8));
  EXPECT_EQ(bought.payout, core::Money::minor(2'931, 8));
  EXPECT_EQ(bought.balance_after, core::Money::minor(999'965'000'000, 8));
  const auto yen =
      replaced(replaced(replaced(kBuy, "0.35", "35"), "0.68", "68"), "9999.65", "9965");
  ASSERT_TRUE(decode(yen, kOptionsNames, 0).result);
  EXPECT_FALSE(decode(kBuy, kOptionsNames, 0).result) << "a third of a yen is nothing";
}

TEST(Decoder, LearnsTheDecimalsOfAnAccount) {
  const std::string login =
      R"({"authorize":{"loginid":"CR1","local_currencies":{"EUR":{"fractional_digits":2},)"
      R"("XYZ":{"fractional_digits":4}},"currency":"XYZ","is_virtual":0,"scopes":["trade"]},)"
      R"("msg_type":"authorize"})";
  const auto known = decode(login, kV3Names);
  ASSERT_TRUE(known.result) << known.result.error().text;
  EXPECT_EQ(std::get<AuthorizePayload>(known.frame.payload).decimals, 4);
  const auto other =
      decode(replaced(login, "\"currency\":\"XYZ\"", "\"currency\":\"ABC\""), kV3Names);
  ASSERT_TRUE(other.result);
  EXPECT_EQ(std::get<AuthorizePayload>(other.frame.payload).decimals, std::nullopt);
  EXPECT_FALSE(decode(replaced(login, ":4}", ":\"four\"}"), kV3Names).result);
}

TEST(Decoder, ReadsAnOpenContractInBothDialects) {
  const std::string options =
      R"({"proposal_open_contract":{"contract_id":5,"contract_type":"CALL","underlying_symbol":"R_100",)"
      R"("is_sold":1,"is_expired":1,"status":"won","buy_price":"2.00","payout":"3.91",)"
      R"("sell_price":"3.91","profit":"1.91","bid_price":"3.91","purchase_time":1700000000,)"
      R"("date_expiry":1700000060,"sell_time":1700000062,"transaction_ids":{"buy":10,"sell":11},)"
      R"("entry_spot":"1451.10","entry_spot_time":1700000002,"exit_spot":"1452.00",)"
      R"("exit_spot_time":1700000060,"shortcode":"CALL_R_100_3.91_1700000000_1700000060_S0P_0"},)"
      R"("msg_type":"proposal_open_contract"})";
  auto v3 = options;
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"underlying_symbol", "underlying"},
           {"entry_spot_time", "entry_tick_time"},
           {"entry_spot", "entry_tick"},
           {"exit_spot_time", "exit_tick_time"},
           {"exit_spot", "exit_tick"},
           {"\"3.91\",\"profit\"", "3.91,\"profit\""}}) {
    v3 = replaced(v3, from, to);
  }
  for (const auto& [text, names] : {std::pair{options, &kOptionsNames}, {v3, &kV3Names}}) {
    const auto d = decode(text, *names);
    ASSERT_TRUE(d.result) << d.result.error().text;
    const auto& payload = std::get<ContractPayload>(d.frame.payload);
    ASSERT_TRUE(payload.report);
    const auto& r = *payload.report;
    EXPECT_EQ(r.contract.value, 5);
    EXPECT_EQ(r.type, "CALL");
    EXPECT_EQ(r.symbol, "R_100");
    EXPECT_TRUE(r.is_sold);
    EXPECT_TRUE(r.is_expired);
    EXPECT_EQ(r.status, "won");
    EXPECT_EQ(r.buy_price->units(), 200);
    EXPECT_EQ(r.payout->units(), 391);
    EXPECT_EQ(r.sell_price->units(), 391);
    EXPECT_EQ(r.profit->units(), 191);
    EXPECT_EQ(r.bid_price->units(), 391);
    EXPECT_EQ(r.purchase_time->s, 1700000000);
    EXPECT_EQ(r.expiry->s, 1700000060);
    EXPECT_EQ(r.sell_time->s, 1700000062);
    EXPECT_EQ(r.buy_tx.value, 10);
    EXPECT_EQ(r.sell_tx.value, 11);
    ASSERT_TRUE(payload.entry);
    EXPECT_EQ(payload.entry->epoch.s, 1700000002);
    EXPECT_EQ(payload.entry->quote.to_string(), "1451.1");
    ASSERT_TRUE(payload.exit);
    EXPECT_EQ(payload.exit->epoch.s, 1700000060);
  }
}

TEST(Decoder, TrustsOnlyWhatAnOpenContractSays) {
  const auto poc = [](const std::string& fields) {
    return fmt::format(R"({{"proposal_open_contract":{{{}}},"msg_type":"proposal_open_contract"}})",
                       fields);
  };
  const auto empty = decode(poc(""));
  ASSERT_TRUE(empty.result);
  EXPECT_FALSE(std::get<ContractPayload>(empty.frame.payload).report);
  EXPECT_FALSE(std::get<ContractPayload>(decode(poc(R"("id":"x")")).frame.payload).report);
  EXPECT_EQ(error_of(poc(R"("is_sold":0)")), "proposal_open_contract.contract_id is missing");
  EXPECT_EQ(error_of(poc(R"("contract_id":5)")),
            "proposal_open_contract has neither is_sold nor status");
  EXPECT_EQ(error_of(poc(R"("contract_id":5,"is_sold":0)")),
            "proposal_open_contract.is_expired is missing");
  EXPECT_EQ(error_of(poc(R"("contract_id":5,"is_sold":2)")),
            "proposal_open_contract.is_sold is neither 0 nor 1");
  EXPECT_EQ(error_of(poc(R"("contract_id":5,"is_sold":1)")),
            "proposal_open_contract is sold but has neither sell_price nor profit");
  const auto sold =
      decode(poc(R"("contract_id":5,"status":"lost","profit":"-2.00","sell_price":null)"));
  ASSERT_TRUE(sold.result) << sold.result.error().text;
  const auto& report = std::get<ContractPayload>(sold.frame.payload).report;
  EXPECT_TRUE(report->is_sold);
  EXPECT_TRUE(report->is_expired);
  EXPECT_EQ(report->sell_price, std::nullopt);
  EXPECT_EQ(report->profit->units(), -200);
  const auto open = decode(poc(R"("contract_id":5,"is_sold":0,"is_expired":0,"status":null)"));
  ASSERT_TRUE(open.result);
  EXPECT_FALSE(std::get<ContractPayload>(open.frame.payload).report->is_sold);
}

TEST(Decoder, ReadsTransactions) {
  const auto tx = [](const std::string& fields) {
    return fmt::format(R"({{"transaction":{{{}}},"msg_type":"transaction"}})", fields);
  };
  const std::string buy =
      R"("action":"buy","amount":-0.35,"balance":9999.65,"contract_id":5,"transaction_id":10,)"
      R"("transaction_time":1700000001,"purchase_time":1700000001,"underlying_symbol":"R_100")";
  const auto d = decode(tx(buy));
  ASSERT_TRUE(d.result) << d.result.error().text;
  const auto& r = *std::get<TransactionPayload>(d.frame.payload).report;
  EXPECT_EQ(r.action, execution::TransactionReport::Action::kBuy);
  EXPECT_EQ(r.amount.units(), -35);
  EXPECT_EQ(r.symbol, "R_100");
  EXPECT_EQ(r.contract.value, 5);
  // v3 also sends it without a sign.
  const auto plain = decode(tx(replaced(buy, "-0.35", "0.35")));
  EXPECT_EQ(std::get<TransactionPayload>(plain.frame.payload).report->amount.units(), -35);
  const auto lost = decode(tx(replaced(replaced(buy, "-0.35", "0"), "\"buy\"", "\"sell\"")));
  EXPECT_EQ(std::get<TransactionPayload>(lost.frame.payload).report->action,
            execution::TransactionReport::Action::kSell);
  EXPECT_TRUE(std::get<TransactionPayload>(lost.frame.payload).report->amount.is_zero());
  const auto other = decode(tx(replaced(replaced(buy, "\"buy\"", "\"deposit\""),
                                        "\"contract_id\":5", "\"contract_id\":null")));
  ASSERT_TRUE(other.result);
  EXPECT_EQ(std::get<TransactionPayload>(other.frame.payload).report->action,
            execution::TransactionReport::Action::kOther);
  EXPECT_EQ(error_of(tx(replaced(buy, "\"contract_id\":5", "\"contract_id\":null"))),
            "transaction.contract_id is missing");
  EXPECT_EQ(error_of(tx(replaced(buy, "\"action\":\"buy\",", ""))),
            "transaction.action is missing");
  EXPECT_FALSE(std::get<TransactionPayload>(decode(tx(R"("id":"x")")).frame.payload).report);
  EXPECT_FALSE(std::get<TransactionPayload>(decode(tx("")).frame.payload).report);
}

const std::string kRow =
    R"({"contract_id":5,"transaction_id":10,"contract_type":"CALL","underlying_symbol":"R_100",)"
    R"("buy_price":2,"payout":3.91,"purchase_time":1700000000,"sell_price":0,)"
    R"("sell_time":1700000062,"shortcode":"CALL_R_100_3.91_1700000000_1700000060_S0P_0"})";

std::string table(const std::string& rows) {
  return fmt::format(
      R"({{"profit_table":{{"count":1,"transactions":[{}]}},"msg_type":"profit_table"}})", rows);
}
std::string portfolio(const std::string& rows) {
  return fmt::format(R"({{"portfolio":{{"contracts":[{}]}},"msg_type":"portfolio"}})", rows);
}

TEST(Decoder, ReadsTheProfitTable) {
  const auto d = decode(table(kRow));
  ASSERT_TRUE(d.result) << d.result.error().text;
  const auto& out = std::get<ProfitTablePayload>(d.frame.payload);
  ASSERT_EQ(out.rows.size(), 1U);
  const auto& row = out.rows[0];
  EXPECT_EQ(row.contract.value, 5);
  EXPECT_EQ(row.buy_tx.value, 10);
  EXPECT_EQ(row.type, "CALL");
  EXPECT_EQ(row.symbol, "R_100");
  EXPECT_EQ(row.buy_price.units(), 200);
  EXPECT_EQ(row.payout->units(), 391);
  EXPECT_FALSE(row.open);
  EXPECT_TRUE(row.sell_price->is_zero());
  EXPECT_EQ(row.sell_time->s, 1700000062);
}

TEST(Decoder, SkipsRowsThatAreNoContractButCountsThem) {
  const auto d =
      decode(table(replaced(kRow, "\"contract_id\":5", "\"contract_id\":null") + "," + kRow));
  ASSERT_TRUE(d.result) << d.result.error().text;
  const auto& out = std::get<ProfitTablePayload>(d.frame.payload);
  EXPECT_EQ(out.rows.size(), 1U);
  EXPECT_EQ(out.received, 2U);
}

TEST(Decoder, TakesTypeAndSymbolFromTheShortcodeOnlyWhenTheyAreAbsent) {
  auto row = replaced(kRow, R"("contract_type":"CALL","underlying_symbol":"R_100",)", "");
  const auto d = decode(table(row));
  ASSERT_TRUE(d.result) << d.result.error().text;
  const auto& read = std::get<ProfitTablePayload>(d.frame.payload).rows[0];
  EXPECT_EQ(read.type, "CALL");
  EXPECT_EQ(read.symbol, "R_100");
  // R_10 begins like R_100.
  row = replaced(row, "CALL_R_100_", "CALL_R_10_");
  const auto ten = decode(table(row));
  EXPECT_EQ(std::get<ProfitTablePayload>(ten.frame.payload).rows[0].symbol, "R_10");
  row = replaced(row, "CALL_R_10_", "CALL_FRXUSDJPY_");
  const auto forex = decode(table(row));
  EXPECT_EQ(std::get<ProfitTablePayload>(forex.frame.payload).rows[0].symbol, "");
}

TEST(Decoder, RefusesAListWithOneBadRow) {
  EXPECT_EQ(error_of(table(replaced(kRow, "\"buy_price\":2", "\"buy_price\":null"))),
            "profit_table.transactions: buy_price is not a number");
  EXPECT_EQ(error_of(table(replaced(kRow, "\"sell_price\":0,", ""))),
            "profit_table.transactions: sell_price is missing");
  EXPECT_EQ(error_of(portfolio(replaced(kRow, "\"contract_id\":5", "\"contract_id\":null"))),
            "portfolio.contracts: contract_id is missing");
  EXPECT_EQ(error_of(portfolio(replaced(kRow, "\"contract_type\":\"CALL\",", ""))),
            "portfolio.contracts: contract_type is missing");
  EXPECT_EQ(error_of(R"({"portfolio":{},"msg_type":"portfolio"})"),
            "portfolio.contracts is missing");
  EXPECT_TRUE(decode(portfolio("")).result);
  EXPECT_TRUE(decode(portfolio(kRow)).result);
}

TEST(Decoder, AnOddPayoutMattersOnlyForContractsThatPayOne) {
  EXPECT_EQ(error_of(table(replaced(kRow, "3.91", "3.911"))),
            "profit_table.transactions: payout 3.911 has more than 2 decimals");
  const auto other = decode(table(replaced(replaced(kRow, "\"payout\":3.91", "\"payout\":3.911"),
                                           "\"CALL\"", "\"TURBOSLONG\"")));
  ASSERT_TRUE(other.result) << other.result.error().text;
  EXPECT_EQ(std::get<ProfitTablePayload>(other.frame.payload).rows[0].payout, std::nullopt);
}

TEST(Decoder, ReadsTheRest) {
  const auto symbols =
      decode(R"({"active_symbols":[{"underlying_symbol":"frxEURUSD","pip_size":1e-05},)"
             R"({"underlying_symbol":"R_100","pip_size":"0.010"}],"msg_type":"active_symbols"})");
  ASSERT_TRUE(symbols.result) << symbols.result.error().text;
  const auto& rows = std::get<ActiveSymbolsPayload>(symbols.frame.payload).rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].symbol.decimals, 5);
  EXPECT_EQ(rows[1].symbol.decimals, 2);
  EXPECT_EQ(
      error_of(R"({"active_symbols":[{"symbol":"R_100"}],"msg_type":"active_symbols"})", kV3Names),
      "active_symbols.pip is missing");

  const auto login = decode(
      R"({"authorize":{"loginid":"CR1","currency":"BTC","is_virtual":0,"scopes":["read","admin"],)"
      R"("balance":0.12345678},"msg_type":"authorize"})",
      kV3Names);
  ASSERT_TRUE(login.result) << login.result.error().text;
  EXPECT_EQ(std::get<AuthorizePayload>(login.frame.payload).scopes.size(), 2U);
  EXPECT_EQ(error_of(R"({"authorize":{"loginid":"CR1","currency":"USD","is_virtual":0},)"
                     R"("msg_type":"authorize"})"),
            "authorize.scopes is missing");

  const auto proposal =
      decode(R"({"proposal":{"id":"q","ask_price":"0.35","payout":0.68},"msg_type":"proposal"})");
  ASSERT_TRUE(proposal.result);
  EXPECT_EQ(std::get<ProposalPayload>(proposal.frame.payload).ask.units(), 35);
  EXPECT_EQ(error_of(R"({"proposal":{"id":"q","ask_price":0.35},"msg_type":"proposal"})"),
            "proposal.payout is missing");

  const auto sold = decode(R"({"sell":{"contract_id":5,"sold_for":1.5},"msg_type":"sell"})");
  EXPECT_EQ(std::get<SellPayload>(sold.frame.payload).sold_for.units(), 150);
  EXPECT_EQ(error_of(R"({"sell":{"contract_id":5},"msg_type":"sell"})"),
            "sell.sold_for is missing");

  EXPECT_TRUE(
      std::get<ForgetPayload>(decode(R"({"forget":1,"msg_type":"forget"})").frame.payload).stopped);
  EXPECT_EQ(error_of(R"({"forget":2,"msg_type":"forget"})"), "forget is neither 0 nor 1");
  EXPECT_TRUE(decode(R"({"ping":"pong","msg_type":"ping"})").result);
  EXPECT_EQ(error_of(R"({"ping":"pang","msg_type":"ping"})"), "ping is not answered with pong");
  EXPECT_EQ(error_of(R"({"time":"soon","msg_type":"time"})"), "time is not a number");
}

TEST(Decoder, BoundsEveryList) {
  std::string prices = "1";
  std::string times = "1";
  for (std::size_t i = 0; i < kMaxRows; ++i) {
    prices += ",1";
    times += ",1";
  }
  EXPECT_EQ(
      error_of(fmt::format(R"({{"history":{{"prices":[{}],"times":[{}]}},"msg_type":"history"}})",
                           prices, times)),
      "history.prices has too many elements");
}

TEST(Decoder, IsUnharmedByDeepNesting) {
  std::string deep = R"({"msg_type":"tick","x":)";
  for (int i = 0; i < 3000; ++i) deep += "[";
  for (int i = 0; i < 3000; ++i) deep += "]";
  deep += "}";
  EXPECT_FALSE(decode(deep).result);
}

TEST(Rest, ReadsAccounts) {
  const auto accounts = rest::decode_accounts(
      R"({"data":[{"account_id":"DOT1","balance":"1","currency":"USD","group":"row",)"
      R"("status":"active","account_type":"demo"},{"account_id":"DOT2","currency":"EUR",)"
      R"("status":"inactive","account_type":"real"}],"meta":{"timing":222}})");
  ASSERT_TRUE(accounts) << accounts.error().text;
  ASSERT_EQ(accounts->size(), 2U);
  EXPECT_EQ((*accounts)[0].id, "DOT1");
  EXPECT_FALSE((*accounts)[0].is_real);
  EXPECT_TRUE((*accounts)[0].active);
  EXPECT_TRUE((*accounts)[1].is_real);
  EXPECT_FALSE((*accounts)[1].active);
  EXPECT_EQ((*accounts)[1].currency, "EUR");
}

TEST(Rest, RefusesAccountsThatLackAField) {
  for (const auto* field : {"account_id", "currency", "status", "account_type"}) {
    const auto text = replaced(
        R"({"data":[{"account_id":"DOT1","currency":"USD","status":"active","account_type":"demo"}]})",
        fmt::format("\"{}\"", field), "\"other\"");
    const auto accounts = rest::decode_accounts(text);
    ASSERT_FALSE(accounts) << field;
    EXPECT_EQ(accounts.error().text, fmt::format("data.{} is missing", field));
  }
  EXPECT_FALSE(rest::decode_accounts(R"({"data":{"demo":{}}})"));
  EXPECT_FALSE(rest::decode_accounts("<html>"));
  EXPECT_FALSE(rest::decode_accounts(""));
  EXPECT_FALSE(rest::decode_accounts(
      R"({"data":[{"account_id":"D","currency":"USD","status":"active","account_type":"gift"}]})"));
}

TEST(Rest, ReadsTheUrlAndErrors) {
  EXPECT_EQ(*rest::decode_otp_url(R"({"data":{"url":"wss://h/x?otp=1"},"meta":{}})"),
            "wss://h/x?otp=1");
  EXPECT_EQ(rest::decode_otp_url(R"({"data":{}})").error().text, "data.url is missing");
  EXPECT_EQ(rest::decode_otp_url(R"({"data":{"url":7}})").error().text, "data.url is not a string");
  const auto refusal = rest::decode_refusal(
      R"({"errors":[{"status":401,"code":"Unauthorized","message":"Invalid application"}],"meta":{}})");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, "Unauthorized");
  EXPECT_EQ(refusal->message, "Invalid application");
  EXPECT_FALSE(rest::decode_refusal(R"({"errors":[]})"));
  EXPECT_FALSE(rest::decode_refusal("502 Bad Gateway"));
}

execution::OwnLimits own_limits(const std::string& object) {
  const auto d =
      decode(R"({"msg_type":"get_self_exclusion","get_self_exclusion":)" + object + "}", kV3Names);
  EXPECT_TRUE(d.result) << d.result.error().text;
  return std::get<OwnLimitsPayload>(d.frame.payload).limits;
}

TEST(Decoder, ReadsWhatTheHolderOfAnAccountHasLimitedItTo) {
  const auto l = own_limits(
      R"({"exclude_until":"2026-12-31","timeout_until":1798675201,"max_open_bets":"7",)"
      R"("max_balance":9000,"max_losses":20.5,"max_7day_losses":"100","max_30day_losses":300.25,)"
      R"("max_turnover":1,"max_7day_turnover":2,"max_30day_turnover":3,"max_deposit":5,)"
      R"("session_duration_limit":60,"of_tomorrow":{"x":1}})");
  execution::OwnLimits expected;
  expected.max_open = 7;
  expected.max_balance = core::Money::minor(900000);
  expected.day_loss = core::Money::minor(2050);
  expected.week_loss = core::Money::minor(10000);
  expected.month_loss = core::Money::minor(30025);
  expected.day_turnover = core::Money::minor(100);
  expected.week_turnover = core::Money::minor(200);
  expected.month_turnover = core::Money::minor(300);
  expected.excluded_until = core::VenueTime{1798675201};  // the later of the two
  EXPECT_EQ(l, expected);
  EXPECT_EQ(own_limits(R"({"exclude_until":"2026-12-31","timeout_until":1})").excluded_until,
            core::VenueTime{1798675200});
}

TEST(Decoder, AnOwnLimitThatIsNotSetIsNone) {
  for (const auto* none : {"{}",
                           R"({"max_open_bets":null,"max_losses":"","exclude_until":"",)"
                           R"("timeout_until":null,"max_turnover":0,"max_balance":"0"})",
                           R"({"timeout_until":0,"max_open_bets":0})"}) {
    EXPECT_FALSE(own_limits(none).any()) << none;
  }
}

TEST(Decoder, ALongTextForAnOwnLimitMeetsABound) {
  const std::string text(60'000, 'A');
  const auto error = [&](std::string_view name) {
    return error_of(R"({"msg_type":"get_self_exclusion","get_self_exclusion":{")" +
                        std::string(name) + "\":\"" + text + "\"}}",
                    kV3Names);
  };
  EXPECT_EQ(error("exclude_until"), "exclude_until is not a date like 2026-12-31");
  EXPECT_EQ(error("max_losses"), "max_losses is not a number");
  EXPECT_EQ(error("max_open_bets"), "max_open_bets is not a number");
}

TEST(Decoder, AnOwnLimitThatIsShownAloneCostsNoOther) {
  const auto l =
      own_limits(R"({"max_7day_losses":99999999999999999999,"max_balance":"many","max_losses":5,)"
                 R"("max_turnover":0.001,"timeout_until":1798675201})");
  execution::OwnLimits expected;
  expected.day_loss = core::Money::minor(500);
  expected.excluded_until = core::VenueTime{1798675201};
  EXPECT_EQ(l, expected);
}

TEST(Decoder, AnOwnLimitThatIsNoneIsAnErrorThatNamesIt) {
  const auto error = [](const std::string& object) {
    return error_of(R"({"msg_type":"get_self_exclusion","get_self_exclusion":)" + object + "}",
                    kV3Names);
  };
  EXPECT_EQ(error(R"({"exclude_until":"31.12.2026"})"),
            "exclude_until is not a date like 2026-12-31");
  EXPECT_EQ(error(R"({"exclude_until":7})"), "exclude_until is not a date");
  EXPECT_EQ(error(R"({"max_open_bets":1.5})"), "max_open_bets is not an integer");
  EXPECT_EQ(error(R"({"max_losses":"many"})"), "max_losses is not a number");
  EXPECT_TRUE(error(R"({"max_losses":0.001})").starts_with("max_losses ")) << "not of cents";
  EXPECT_EQ(error("[]"), "get_self_exclusion is not an object");
}

}  // namespace
}  // namespace derivd::deriv
