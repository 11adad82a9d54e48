// Every recorded payload and every official example goes through the decoder: it must be
// understood, or be refused for the reason that stands here. They are read where they lie and never
// copied.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "deriv/decoder.hpp"
#include "deriv/session.hpp"

namespace derivd::deriv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kRoot = fs::path(DERIVD_SHARED) / "deriv";

std::string slurp(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<fs::path> files_below(const fs::path& folder, std::string_view name) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto& path = entry.path();
    if (path.extension() == ".json" && (name.empty() || path.filename() == name)) {
      out.push_back(path);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// "" when it was understood.
std::string verdict(Decoder& decoder, std::string text, Frame& frame) {
  const auto size = text.size();
  text.append(64, '\0');
  const auto result = decoder.decode(std::string_view(text).substr(0, size), text.size(), frame);
  return result ? "" : result.error().text;
}

/// The messages of one file: a list holds several, and some sources kept only the inner object.
std::vector<std::string> messages_of(const fs::path& path) {
  const auto text = slurp(path);
  const auto document = json::parse(text);
  const auto key = path.parent_path().filename().string();
  const auto wrap = [&](const json& item, const std::string& raw) {
    if (item.contains("msg_type")) return raw;
    if (key == "errors") return fmt::format("{{\"error\":{}}}", raw);
    if (!item.contains(key)) return fmt::format("{{\"{0}\":{1},\"msg_type\":\"{0}\"}}", key, raw);
    return fmt::format("{{\"msg_type\":\"{}\",{}", key, raw.substr(raw.find('{') + 1));
  };
  std::vector<std::string> out;
  if (document.is_array() && document[0].contains("msg_type")) {
    for (const auto& item : document) out.push_back(wrap(item, item.dump()));
  } else {
    out.push_back(wrap(document, text));
  }
  return out;
}

// Why a recorded payload is refused. Old payloads in another shape, and fragments, are meant to be.
const std::map<std::string, std::string> kRefused{
    // 2015: neither is_sold nor status existed.
    {"proposal_open_contract/2015-call-frxeurusd-open.json",
     "proposal_open_contract has neither is_sold nor status"},
    // A client library's form of the contract, not the wire's.
    {"proposal_open_contract/call-r50-1t-lost-clientform.json",
     "proposal_open_contract.contract_id is missing"},
};

TEST(Captures, EveryOneIsUnderstoodOrRefusedForAKnownReason) {
  if (!fs::exists(kRoot / "captures")) GTEST_SKIP() << "NO RECORDED PAYLOADS AT " << kRoot;
  Decoder decoder(kV3Names);
  std::size_t understood = 0;
  std::size_t refused = 0;
  for (const auto& path : files_below(kRoot / "captures", "")) {
    const auto name = fs::relative(path, kRoot / "captures").string();
    const auto expected = kRefused.find(name);
    for (const auto& message : messages_of(path)) {
      Frame frame;
      const auto why = verdict(decoder, message, frame);
      EXPECT_EQ(why, expected == kRefused.end() ? "" : expected->second) << name;
      ++(why.empty() ? understood : refused);
    }
  }
  EXPECT_GT(understood, 100U);
  EXPECT_EQ(refused, kRefused.size());
}

Frame capture(std::string_view name) {
  Decoder decoder(kV3Names);
  Frame frame;
  const auto why = verdict(decoder, messages_of(kRoot / "captures" / name).front(), frame);
  EXPECT_EQ(why, "") << name;
  return frame;
}

TEST(Captures, ASettledContractIsReadToTheLastCent) {
  if (!fs::exists(kRoot / "captures")) GTEST_SKIP() << "NO RECORDED PAYLOADS AT " << kRoot;
  const auto frame = capture("proposal_open_contract/call-r100-1m-lost-odd-start.json");
  const auto& payload = std::get<ContractPayload>(frame.payload);
  ASSERT_TRUE(payload.report);
  const auto& r = *payload.report;
  EXPECT_EQ(r.contract.value, 268604865768);
  EXPECT_TRUE(r.is_sold);
  EXPECT_EQ(r.status, "lost");
  EXPECT_EQ(r.symbol, "R_100");
  EXPECT_EQ(r.buy_price->to_string(), "2.00");
  EXPECT_EQ(r.payout->to_string(), "3.91");
  EXPECT_EQ(r.sell_price->to_string(), "0.00");
  EXPECT_EQ(r.profit->to_string(), "-2.00");
  EXPECT_EQ(r.sell_time->s, 1736191395);
  EXPECT_EQ(r.buy_tx.value, 535479965788);
  EXPECT_EQ(r.sell_tx.value, 535480153388);
  EXPECT_EQ(core::Price::from(payload.entry->quote, 2)->to_string(), "1451.14");
  EXPECT_EQ(payload.entry->epoch.s, 1736191334);
  EXPECT_EQ(core::Price::from(payload.exit->quote, 2)->to_string(), "1450.57");
}

TEST(Captures, TheYearsOfNumbersAsStringsReadTheSame) {
  if (!fs::exists(kRoot / "captures")) GTEST_SKIP() << "NO RECORDED PAYLOADS AT " << kRoot;
  const auto bought = capture("buy/binarybot-2016-09-digitodd.json");
  const auto& b = std::get<execution::Bought>(bought.payload);
  EXPECT_EQ(b.contract.value, 10070061748);
  EXPECT_EQ(b.balance_after.to_string(), "9017.06");
  EXPECT_EQ(b.payout->to_string(), "1.96");
  const auto balance = capture("balance/binarybot-2016-09.json");
  EXPECT_EQ(std::get<BalancePayload>(balance.payload).balance.to_string(), "9018.02");
  EXPECT_EQ(balance.req_id, 18);
}

// The examples beside the schemas are requests: none may pass for a message of the venue.
TEST(Examples, NoRequestPassesForAnAnswer) {
  if (!fs::exists(kRoot / "schemas" / "v3")) GTEST_SKIP() << "NO SCHEMAS AT " << kRoot;
  std::size_t examples = 0;
  for (const auto* names : {&kOptionsNames, &kV3Names}) {
    Decoder decoder(*names);
    for (const auto& path : files_below(kRoot / "schemas" / "v3", "example.json")) {
      ++examples;
      Frame frame;
      const auto why = verdict(decoder, slurp(path), frame);
      EXPECT_TRUE(why == "frame has no message that is known" || why == "msg_type is missing" ||
                  why.ends_with("is not an object") || why.ends_with("is not a list") ||
                  why.ends_with("is not a string") || why.ends_with("is neither 0 nor 1") ||
                  why.ends_with("is not a number") || why.starts_with("proposal"))
          << path << ": " << why;
      EXPECT_NE(why, "") << path;
    }
  }
  EXPECT_EQ(examples, 2U * 28U);
}

/// A message that has every property of a response schema, with the schema's own example or a value
/// of its type.
json sample(const json& schema) {
  if (schema.contains("examples")) {
    const auto& examples = schema["examples"];
    const auto value = examples.is_array() ? examples[0] : examples;
    // Some numbers are given as text there and the other way round.
    if (!(schema.value("type", json()) == "integer" && !value.is_number())) return value;
  }
  if (schema.contains("enum")) return schema["enum"][0];
  auto type = schema.value("type", json("object"));
  if (type.is_array()) type = type[0] == "null" ? type[1] : type[0];
  if (type == "integer") return 1'700'000'000;
  if (type == "number") return 2;
  if (type == "string") return "12.5";  // a name and an amount as well
  if (type == "array") {
    return schema.contains("items") ? json::array({sample(schema["items"])}) : json::array();
  }
  json out = json::object();
  if (schema.contains("properties")) {
    for (const auto& [name, property] : schema["properties"].items()) out[name] = sample(property);
  }
  return out;
}

struct Official {
  Dialect dialect;
  const char* call;
  const char* refused;
};

class Responses : public testing::TestWithParam<Official> {};

TEST_P(Responses, OfTheOfficialSchemaAreUnderstood) {
  const auto& p = GetParam();
  const auto path =
      p.dialect == Dialect::kOptions
          ? kRoot / "schemas" / "options" / fmt::format("{}_response.schema.json", p.call)
          : kRoot / "schemas" / "v3" / p.call / "receive.json";
  if (!fs::exists(path)) GTEST_SKIP() << "NO SCHEMA " << path;
  auto message = sample(json::parse(slurp(path)));
  message["echo_req"] = json::object();
  message.erase("candles");
  Decoder decoder(p.dialect == Dialect::kOptions ? kOptionsNames : kV3Names);
  Frame frame;
  EXPECT_EQ(verdict(decoder, message.dump(), frame), p.refused) << message.dump(1);
  EXPECT_NE(frame.message, Message::kOther);
}

constexpr Official kOfficial[] = {
    {Dialect::kOptions, "ticks", ""},
    {Dialect::kV3, "ticks", ""},
    {Dialect::kOptions, "ticks_history", ""},
    {Dialect::kV3, "ticks_history", ""},
    {Dialect::kOptions, "time", ""},
    {Dialect::kV3, "time", ""},
    {Dialect::kOptions, "ping", ""},
    {Dialect::kV3, "ping", ""},
    {Dialect::kOptions, "balance", ""},
    {Dialect::kV3, "balance", ""},
    {Dialect::kOptions, "active_symbols", ""},
    {Dialect::kV3, "active_symbols", ""},
    {Dialect::kOptions, "transaction", ""},
    {Dialect::kV3, "transaction", ""},
    {Dialect::kOptions, "proposal", ""},
    {Dialect::kV3, "proposal", ""},
    {Dialect::kOptions, "buy", ""},
    {Dialect::kV3, "buy", ""},
    {Dialect::kOptions, "sell", ""},
    {Dialect::kV3, "sell", ""},
    {Dialect::kOptions, "proposal_open_contract", ""},
    {Dialect::kV3, "proposal_open_contract", ""},
    {Dialect::kOptions, "portfolio", ""},
    {Dialect::kV3, "portfolio", ""},
    {Dialect::kOptions, "profit_table", ""},
    {Dialect::kV3, "profit_table", ""},
    {Dialect::kOptions, "forget", ""},
    {Dialect::kV3, "forget", ""},
    {Dialect::kV3, "authorize", ""},
};
INSTANTIATE_TEST_SUITE_P(Schemas, Responses, testing::ValuesIn(kOfficial), [](const auto& p) {
  return fmt::format("{}_{}", name_of(p.param.dialect), p.param.call);
});

}  // namespace
}  // namespace derivd::deriv
