// Indicators: semantics.md, section 10; worked out by hand, two decimals of the symbol.
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string numbers(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const auto& text : texts) items.push_back(num(text));
  return list(items);
}
const std::vector<std::string> kRise{"1", "2", "3", "4", "5"};
const std::vector<std::string> kWave{"1", "3", "2", "4"};

std::string upper(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

/// Deriv Bot's form: the result goes into a variable.
std::string statement(const std::string& type, const std::string& fields,
                      const std::vector<std::string>& input, const Parameters& parameters) {
  std::vector<std::string> blocks{block("input_list", value("INPUT_LIST", numbers(input)))};
  for (const auto& [name, n] : parameters) {
    const auto input_name = name.starts_with("std_dev_")
                                ? (name.ends_with("up") ? "UPMULTIPLIER" : "DOWNMULTIPLIER")
                                : upper(name);
    blocks.push_back(block(name, value(input_name, num(n))));
  }
  return block(type, field("VARIABLE", "i") + fields + stack("STATEMENT", chain(blocks)));
}

BlockCase as_statement(const std::string& type, const std::string& of, const std::string& expected,
                       const Parameters& parameters, const std::string& fields = {},
                       const std::vector<std::string>& input = kRise) {
  return valued(type, get("i"), expected, statement(of, fields, input, parameters));
}

/// Binary Bot's form: a value.
BlockCase as_value(const std::string& type, const std::string& expected, const std::string& more,
                   const std::vector<std::string>& input = kRise) {
  return valued(type, block(type, value("INPUT", numbers(input)) + more), expected, {}, {}, false);
}

}  // namespace

BlockCases cases_of_indicators() {
  const Parameters two{{"period", "2"}};
  const auto bands = [](const std::string& up, const std::string& down) {
    return Parameters{
        {"period", "2"}, {"std_dev_multiplier_up", up}, {"std_dev_multiplier_down", down}};
  };
  const auto macd = [](const std::string& fast, const std::string& slow, const std::string& sign) {
    return Parameters{
        {"fast_ema_period", fast}, {"slow_ema_period", slow}, {"signal_ema_period", sign}};
  };
  const auto band = [](const std::string& n) { return field("BBRESULT_LIST", n); };
  const auto line = [](const std::string& n) { return field("MACDFIELDS_LIST", n); };
  const auto period = [](const std::string& n) { return value("PERIOD", num(n)); };
  const auto spread = value("UPMULTIPLIER", num("2")) + value("DOWNMULTIPLIER", num("1"));
  const auto three = value("FAST_EMA_PERIOD", num("1")) + value("SLOW_EMA_PERIOD", num("3")) +
                     value("SIGNAL_EMA_PERIOD", num("2"));
  // RSI of 2 over 1 3 2 4: gains 2 and losses 1 make 1 and 0.5, which is 66.67; then gains
  // (1 + 2) / 2 and losses 0.25, six times as much: 100 - 100 / 7.
  return {
      as_statement("sma_statement", "sma_statement", "4.5", two),
      as_statement("smaa_statement", "smaa_statement", "1.5,2.5,3.5,4.5", two),
      as_statement("ema_statement", "ema_statement", "4.5", two),
      as_statement("emaa_statement", "emaa_statement", "2,3,4", {{"period", "3"}}),
      as_statement("rsi_statement", "rsi_statement", "100", two),
      as_statement("rsia_statement", "rsia_statement", "66.67,85.71", two, "", kWave),
      as_statement("bb_statement", "bb_statement", "5.5", bands("2", "1"), band("1")),
      as_statement("bba_statement", "bba_statement", "1,2,3,4", bands("2", "1"), band("2")),
      as_statement("macda_statement", "macda_statement", "0.5,0.5", macd("2", "3", "2"), line("1")),
      as_statement("input_list", "sma_statement", "3", {{"period", "2"}}, "", {"9", "2", "4"}),
      as_statement("period", "sma_statement", "4", {{"period", "3"}}),
      // The average of one is the value itself: 3, 4 and 5 less 2, 3 and 4.
      as_statement("fast_ema_period", "macda_statement", "1,1", macd("1", "3", "2"), line("1")),
      as_statement("slow_ema_period", "macda_statement", "0.5,0.5,0.5", macd("1", "2", "2"),
                   line("1")),
      as_statement("signal_ema_period", "macda_statement", "0.5,0.5,0.5", macd("2", "3", "1"),
                   line("2")),
      as_statement("std_dev_multiplier_up", "bb_statement", "6.5", bands("4", "1"), band("1")),
      as_statement("std_dev_multiplier_down", "bb_statement", "3", bands("4", "3"), band("2")),
      as_value("sma", "4.5", period("2")),
      as_value("smaa", "2,3,4", period("3")),
      as_value("ema", "4", period("3")),
      as_value("emaa", "1.5,2.5,3.5,4.5", period("2")),
      as_value("rsi", "0", period("5")),
      as_value("rsia", "66.67,85.71", period("2"), kWave),
      as_value("bb", "4", period("2") + band("2") + spread),
      as_value("bba", "2.5,3.5", period("4") + band("0") + spread),
      as_value("macda", "0,0", line("0") + three),
  };
}

}  // namespace derivd::dbot::test
