// Owns what a case of a block is: a small program around it, what is done with the program, and the
// text of what must come of it, worked out by hand from semantics.md. The tables of cases and the
// test that runs them use it. It never looks at what the code gives.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "unit/dbot/rig.hpp"

namespace derivd::dbot::test {

struct BlockCase {
  std::string type;
  std::string xml;
  std::function<std::string(Rig&)> see;
  std::string expected;
  Settings settings = {};
};
using BlockCases = std::vector<BlockCase>;

/// 100.00, 100.03, 100.01 and 100.10: one minute, digits 0 3 1 0.
inline const std::vector<std::int64_t> kCaseQuotes{10'000, 10'003, 10'001, 10'010};

/// What Init computes after `setup`, seen at the last of the quotes above.
inline BlockCase valued(const std::string& type, const std::string& what,
                        const std::string& expected, const std::string& setup = {},
                        Settings settings = {}, bool native = true) {
  Parts p;
  p.native = native;
  p.binary = !native;
  std::vector<std::string> blocks;
  if (!setup.empty()) blocks.push_back(setup);
  blocks.push_back(set("result", what));
  p.init = chain(blocks);
  const auto see = [](Rig& rig) {
    rig.prime(kCaseQuotes);
    rig.start();
    return rig.stopped ? "error: " + rig.stopped->text : rig.var("result");
  };
  return {type, program(p), see, expected, std::move(settings)};
}

inline BlockCase acted(const std::string& type, const Parts& parts,
                       std::function<std::string(Rig&)> see, const std::string& expected,
                       Settings settings = {}) {
  return {type, program(parts), std::move(see), expected, std::move(settings)};
}

/// Starts, sees one tick and buys with it.
inline void begin_trade(Rig& rig) {
  rig.start();
  rig.tick(10'001);
}
/// The purchases as "TYPE STAKE 1t =5 …", with what the options say of them.
inline std::string told(const Buy& b) {
  std::string out = b.type + " " + b.stake.to_string();
  if (b.duration > 0) out += " " + std::to_string(b.duration) + b.unit;
  if (b.prediction) out += " =" + std::to_string(*b.prediction);
  if (b.barrier) out += " " + *b.barrier;
  if (b.barrier2) out += " " + *b.barrier2;
  if (b.multiplier > 0) out += fmt::format(" x{}", b.multiplier);
  if (b.growth > 0) out += fmt::format(" {}", b.growth);
  if (b.take_profit) out += " profit " + b.take_profit->to_string();
  if (b.stop_loss) out += " loss " + b.stop_loss->to_string();
  return out + (b.basis_payout ? " payout" : "");
}
inline std::string first_purchase(Rig& rig) {
  begin_trade(rig);
  return rig.bought.empty() ? "nothing bought" : told(rig.bought.front());
}
inline std::string count_of(const std::string& name) {
  return block("math_change", field("VAR", name) + value("DELTA", num("1")));
}
inline std::string of_value(const std::string& type, const std::string& name,
                            const std::string& choice, const std::string& input,
                            const std::string& what) {
  return block(type, field(name, choice) + value(input, what));
}
inline std::string call_of(const std::string& type, const std::string& name,
                           const std::string& inside = {}) {
  const std::string argument = inside.empty() ? "" : "<arg name=\"a\"></arg>";
  return block(type, mutation("name=\"" + name + "\"", argument) + inside);
}

// One table each, in files of their own.
BlockCases cases_of_structure();
BlockCases cases_of_values();
BlockCases cases_of_indicators();
BlockCases cases_of_flow();
BlockCases cases_of_tools();
BlockCases cases_of_binary_bot();
BlockCases cases_of_vendors();

}  // namespace derivd::dbot::test
