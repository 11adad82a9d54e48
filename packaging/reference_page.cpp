// Makes derivd.yaml(5): copies the hand-written page and puts the settings table, the strategy
// types, the values of expressions, the stake plans and the symbols where it says so. A tool of
// the build, not installed.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "config/table.hpp"
#include "config/value.hpp"
#include "market/symbol.hpp"
#include "rules/words.hpp"
#include "staking/plan.hpp"
#include "strategy/registry.hpp"

namespace {

using namespace derivd;

/// Text that mdoc takes as text: backslashes doubled, none of its macros at the start of a line.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\\' ? std::string("\\e") : std::string(1, c);
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

/// The argument of a macro, which is one word.
std::string word(std::string_view text) {
  std::string out;
  for (const char c : plain(text)) out += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return '"' + out + '"';
}

std::string keys() {
  std::string out = ".Bl -tag -width 4n\n";
  for (const auto& s : config::settings()) {
    out += fmt::format(".It Cm {}\n{}\n.br\nAllowed: {}.\n", word(s.path), plain(s.help),
                       plain(s.allowed));
    out += s.fallback == config::kRequired ? "Required.\n"
                                           : fmt::format("Default: {}.\n", plain(s.fallback));
    out += fmt::format("Reload: {}.\n", config::name_of(s.reload));
  }
  return out + ".El\n";
}

std::string types() {
  std::string out = ".Bl -tag -width 4n\n";
  for (const auto& type : strategy::strategy_types()) {
    std::string contracts;
    for (const auto c : type.contracts) {
      contracts += fmt::format("{}{}", contracts.empty() ? "" : ", ", market::name_of(c));
    }
    out += fmt::format(".It Cm {}\n{}\n.br\nBuys {}{}.\n", word(type.name), plain(type.help),
                       contracts, type.digits ? ", durations in ticks" : "");
    for (const auto& p : type.params) {
      out += fmt::format(".br\nparams.{}: {}, default {}. {}\n", p.name, strategy::allowed_of(p),
                         p.fallback ? strategy::text_of(p, *p.fallback) : "none", plain(p.help));
    }
  }
  return out + ".El\n";
}

std::string values() {
  std::string out = ".Bl -tag -width 4n\n";
  for (const auto& w : rules::words()) {
    out += fmt::format(".It Cm {}\n{}\n", word(w.form), plain(w.help));
  }
  return out + ".El\n";
}

std::string plans() {
  std::string out = ".Bl -tag -width 4n\n";
  for (const auto& plan : staking::plan_types()) {
    std::string used = plan.uses_stakes ? "stakes, advance" : "base";
    if (plan.uses_factor) used += ", factor";
    if (plan.uses_unit) used += ", unit";
    if (plan.uses_max_steps) used += ", max_steps";
    if (plan.uses_percent) used += ", percent";
    out += fmt::format(".It Cm {}\n{}\n.br\nUses {}.\n", word(plan.name), plain(plan.help), used);
  }
  return out + ".El\n";
}

std::string symbols() {
  std::string out;
  for (const auto& symbol : market::known_symbols()) {
    // With the name by which Deriv's pages call it: nobody trades "R_75" there.
    out += fmt::format("{}{} ({}, a tick {})", out.empty() ? "" : ",\n", symbol.code,
                       symbol.display_name,
                       symbol.interval_s == 1 ? std::string("each second")
                                              : fmt::format("every {} s", symbol.interval_s));
  }
  return out + ".\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  std::ifstream in(argv[1]);
  std::ofstream out(argv[2]);
  std::string line;
  int filled = 0;
  while (std::getline(in, line)) {
    if (line == "@KEYS@") {
      out << keys();
    } else if (line == "@TYPES@") {
      out << types();
    } else if (line == "@VALUES@") {
      out << values();
    } else if (line == "@PLANS@") {
      out << plans();
    } else if (line == "@SYMBOLS@") {
      out << symbols();
    } else {
      out << line << '\n';
      continue;
    }
    ++filled;
  }
  out.close();
  if (filled == 5 && out && in.eof()) return 0;
  std::cerr << "reference_page: " << argv[1] << " lacks a place to fill, or cannot be read\n";
  return 1;
}
