// Owns the words of `import dbot`: the report of one program as text and as JSON, the YAML of its
// strategy, and the table over many programs. import.cpp prints what it gives. It never reads a
// file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dbot/import.hpp"

namespace derivd::ctl {

/// A name that the configuration takes, from a file's name: small letters, digits, '_' and '-'.
std::string strategy_name_of(const std::string& path);

/// The strategy for `strategies:` of the configuration. `symbol`: what was given in the place of
/// the file's; empty: nothing.
std::string import_yaml(const dbot::Import& import, const std::string& name,
                        const std::string& file, const std::string& symbol);
nlohmann::ordered_json import_json(const dbot::Import& import, const std::string& name,
                                   const std::string& file, const std::string& symbol);
/// What it trades, stakes and stops at, which questions it asks; without the problems.
std::string import_report(const dbot::Import& import, const std::string& file);

/// How many programs of a folder can run, and why the others cannot.
class ImportTable final {
 public:
  void add(const std::string& file, const dbot::Import& import);
  /// How its run over ticks ended, in few words that many share; `reason`: the program's own.
  void add_run(const std::string& file, const std::string& end, std::int64_t trades,
               const std::string& reason);
  std::string text() const;
  nlohmann::ordered_json json() const;

 private:
  struct Refused {
    std::string file;
    std::string reason;
    std::string first;  // its first problem, with the place
  };
  int files_ = 0;
  int runs_ = 0;
  int stock_ = 0;       // complete, with stock blocks alone
  int stock_runs_ = 0;  // of them
  int skipped_ = 0;
  std::vector<std::pair<std::string, int>> reasons_;
  std::vector<std::pair<std::string, int>> unknown_;
  std::vector<Refused> refused_;
  int ran_ = 0;
  int traded_ = 0;  // of them, with at least one trade
  std::vector<std::pair<std::string, int>> ends_;
  std::vector<Refused> ended_;  // by an error or a refusal
};

}  // namespace derivd::ctl
