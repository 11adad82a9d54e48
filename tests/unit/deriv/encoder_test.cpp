#include "deriv/encoder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractSpec;
using market::ContractType;

class Encoding : public testing::Test {
 protected:
  std::string proposal(Dialect dialect, const ContractSpec& spec) {
    const auto rules = make_rules(dialect);
    std::string out;
    Encoder(*rules).proposal(out, 3, spec, core::Money::minor(35), "USD");
    return out;
  }
};

TEST_F(Encoding, DigitsInBothDialects) {
  auto spec = spec_of(ContractType::kDigitMatch, "1HZ100V");
  spec.duration = {5, market::ContractDuration::Unit::kTicks};
  EXPECT_EQ(proposal(Dialect::kOptions, spec),
            R"({"proposal":1,"contract_type":"DIGITMATCH","underlying_symbol":"1HZ100V",)"
            R"("currency":"USD","basis":"stake","amount":0.35,"duration":5,"duration_unit":"t",)"
            R"("barrier":"5","req_id":3})");
  EXPECT_EQ(proposal(Dialect::kV3, spec),
            R"({"proposal":1,"contract_type":"DIGITMATCH","symbol":"1HZ100V","currency":"USD",)"
            R"("basis":"stake","amount":0.35,"duration":5,"duration_unit":"t","barrier":"5",)"
            R"("req_id":3})");
}

TEST_F(Encoding, HigherAndLower) {
  auto spec = spec_of(ContractType::kHigher);
  spec.duration = {15, market::ContractDuration::Unit::kMinutes};
  const auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(proposal(Dialect::kOptions, spec), R"("contract_type":"HIGHER")"));
  EXPECT_TRUE(has(proposal(Dialect::kV3, spec), R"("contract_type":"CALL")"));
  EXPECT_TRUE(has(proposal(Dialect::kV3, spec), R"("barrier":"+0.36")"));
  spec.type = ContractType::kLower;
  spec.set_offset(core::Price::raw(-5, 3));
  EXPECT_TRUE(has(proposal(Dialect::kOptions, spec), R"("contract_type":"LOWER")"));
  EXPECT_TRUE(has(proposal(Dialect::kV3, spec), R"("contract_type":"PUT")"));
  EXPECT_TRUE(has(proposal(Dialect::kV3, spec), R"("barrier":"-0.005")"));
  EXPECT_TRUE(has(proposal(Dialect::kV3, spec), R"("duration":15,"duration_unit":"m")"));
  // Rise and fall have none, or they would be another contract.
  EXPECT_FALSE(has(proposal(Dialect::kV3, spec_of(ContractType::kCall)), "barrier"));
}

TEST_F(Encoding, BothBarriersOfARange) {
  auto spec = spec_of(*market::contract_type_from("EXPIRYRANGE"));
  spec.duration = {5, market::ContractDuration::Unit::kMinutes};
  spec.barriers = {market::Barrier::offset(core::Price::raw(120, 2)),
                   market::Barrier::offset(core::Price::raw(-80, 2))};
  for (const auto dialect : {Dialect::kOptions, Dialect::kV3}) {
    const auto text = proposal(dialect, spec);
    EXPECT_NE(text.find(R"("barrier":"+1.20","barrier2":"-0.80")"), std::string::npos) << text;
  }
}

TEST_F(Encoding, Multipliers) {
  auto spec = spec_of(ContractType::kMultUp);
  spec.multiplier_terms().take_profit = core::Money::minor(1050);
  spec.multiplier_terms().stop_loss = core::Money::minor(300);
  const auto text = proposal(Dialect::kOptions, spec);
  EXPECT_EQ(
      text,
      R"({"proposal":1,"contract_type":"MULTUP","underlying_symbol":"R_100","currency":"USD",)"
      R"("basis":"stake","amount":0.35,"multiplier":100,"limit_order":{"take_profit":10.50,)"
      R"("stop_loss":3.00},"req_id":3})");
  spec.multiplier_terms().take_profit.reset();
  EXPECT_NE(proposal(Dialect::kOptions, spec).find(R"("limit_order":{"stop_loss":3.00})"),
            std::string::npos);
  spec.multiplier_terms().stop_loss.reset();
  EXPECT_EQ(proposal(Dialect::kOptions, spec).find("limit_order"), std::string::npos);
}

TEST_F(Encoding, AmountsAreNumbersWithAllTheirDigits) {
  const auto rules = make_rules(Dialect::kOptions);
  const Encoder encoder(*rules);
  std::string out;
  for (const auto& [units, text] : std::vector<std::pair<std::int64_t, std::string>>{
           {1, "0.01"}, {35, "0.35"}, {100, "1.00"}, {123456789012, "1234567890.12"}}) {
    encoder.buy_quote(out, 1, kStream, core::Money::minor(units));
    EXPECT_EQ(out, fmt::format(R"({{"buy":"{}","price":{},"req_id":1}})", kStream, text));
  }
}

TEST_F(Encoding, OnlyIdsOfTheVenueAreWritten) {
  const auto rules = make_rules(Dialect::kOptions);
  std::string out;
  EXPECT_DEATH(Encoder(*rules).buy_quote(out, 1, "x\",\"price\":1", core::Money::minor(1)),
               "quote");
  EXPECT_TRUE(is_symbol("R_100"));
  for (const auto* bad : {"", "R", "R 100", "R\"", "0123456789012345678901234567890"}) {
    EXPECT_FALSE(is_symbol(bad)) << bad;
  }
  EXPECT_TRUE(is_stream_id(kStream));
  EXPECT_FALSE(is_stream_id("short"));
}

/// All requests of a dialect, one line each for the validator.
void write_all(std::ostream& file, Dialect dialect) {
  const auto rules = make_rules(dialect);
  const Encoder e(*rules);
  std::string out;
  const auto line = [&](const char* call) {
    file << name_of(dialect) << ' ' << call << ' ' << out << '\n';
  };
  if (dialect == Dialect::kV3) {
    e.authorize(out, 1, core::Secret("a1-b2_C3"));
    line("authorize");
  }
  e.ping(out, 2), line("ping");
  e.time(out, 3), line("time");
  e.balance(out, 4), line("balance");
  e.active_symbols(out, 5), line("active_symbols");
  e.transactions(out, 6), line("transaction");
  e.ticks(out, 7, "1HZ100V"), line("ticks");
  e.ticks_history(out, 8, "R_100", 5000, true), line("ticks_history");
  e.ticks_history(out, 9, "R_100", 1, false), line("ticks_history");
  e.open_contract(out, 10, core::ContractId{290738827928}, true), line("proposal_open_contract");
  e.open_contract(out, 11, core::ContractId{290738827928}, false), line("proposal_open_contract");
  e.portfolio(out, 12), line("portfolio");
  e.profit_table(out, 13, {1'700'000'000}, 0), line("profit_table");
  e.profit_table(out, 14, {0}, 49'500), line("profit_table");
  e.sell(out, 15, core::ContractId{5}), line("sell");
  e.cancel(out, 15, core::ContractId{5}), line("cancel");
  e.forget(out, 16, kStream), line("forget");
  e.buy_quote(out, 17, kStream, core::Money::minor(1234)), line("buy");
  for (const auto* kind : market::all_kinds()) {
    for (const char letter : {'t', 's', 'm', 'h', 'd'}) {
      auto spec = spec_of(ContractType(*kind));
      if (kind->needs.has_length()) {
        spec.duration = *market::ContractDuration::parse(fmt::format("5{}", letter));
      } else if (letter != 't') {
        spec.multiplier_terms().take_profit = core::Money::minor(100);
        if (letter == 'd') spec.multiplier_terms().stop_loss = core::Money::minor(50);
      }
      e.proposal(out, 18, spec, core::Money::minor(35), "USD"), line("proposal");
      e.buy(out, 19, spec, core::Money::minor(1'000'000), "eUSDT"), line("buy");
    }
  }
}

int validate(const std::filesystem::path& frames) {
  const auto command =
      fmt::format("/usr/bin/python3 {}/tests/unit/deriv/validate_frames.py {}/deriv/schemas {}",
                  DERIVD_SOURCE, DERIVD_SHARED, frames.string());
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(OfficialSchemas, EveryFrameFits) {
  if (!std::filesystem::exists(std::filesystem::path(DERIVD_SHARED) / "deriv" / "schemas")) {
    GTEST_SKIP() << "NO SCHEMAS AT " << DERIVD_SHARED;
  }
  if (std::system("/usr/bin/python3 -c 'import jsonschema'") != 0) {
    GTEST_SKIP() << "PYTHON3-JSONSCHEMA IS MISSING";
  }
  const auto frames = std::filesystem::path(testing::TempDir()) / "derivd_frames.txt";
  {
    std::ofstream file(frames);
    write_all(file, Dialect::kOptions);
    write_all(file, Dialect::kV3);
  }
  EXPECT_EQ(validate(frames), 0);
  // And the check itself can fail: the other dialect's name for a symbol.
  {
    std::ofstream file(frames);
    file << R"(options proposal {"proposal":1,"contract_type":"CALL","currency":"USD",)"
         << R"("symbol":"R_100","req_id":1})" << '\n';
  }
  EXPECT_EQ(validate(frames), 1);
  std::filesystem::remove(frames);
}

}  // namespace
}  // namespace derivd::deriv::test
