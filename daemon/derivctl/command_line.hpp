// Owns the words in which a command says which options it takes. CLI11 stands behind it, in one
// file: it is a header that takes every file that includes it seconds to compile. What it prints
// and how it parses is CLI11's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace derivd::ctl {

/// An option, flag or argument of a command. A handle: the application owns what it names.
class Option final {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required();
  Option one_of(std::vector<std::string> allowed);
  Option between(std::int64_t low, std::int64_t high);
  /// A number above 0.
  Option positive();
  Option existing_file();
  Option excludes(Option other);
  Option needs(Option other);
  /// The value that the target has now is told in --help.
  Option show_default();

 private:
  CLI::Option* option_;
};

/// A handle, as above. Targets are written by the parsing and must live as long as the application.
class Command final {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  /// `names` is "-s,--long", or a word without dashes for an argument by its place. `T` is a text,
  /// a number, an optional one of them, or a list of texts: command_line.cpp names them.
  template <class T>
  Option option(const std::string& names, T& target, const std::string& help);
  Option flag(const std::string& names, bool& target, const std::string& help);
  /// A command below this one.
  Command add(const std::string& name, const std::string& help);
  /// Takes any words, flags of other programs too, beside its own options, which then stand here
  /// alone and no more behind it for the commands above.
  void take_rest();
  /// Those words, in their order, once the line is parsed.
  std::vector<std::string> rest() const;
  /// One of the commands below must be named.
  void require_command();
  void group(const std::string& title);
  /// It was named on the command line.
  bool named() const;

 private:
  CLI::App* app_;
};

}  // namespace derivd::ctl
