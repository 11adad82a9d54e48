#include "derivctl/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

namespace derivd::ctl {
namespace {

/// In words that fit into a line.
CLI::Validator above_zero() {
  return {[](const std::string& text) {
            double number = 0;
            const bool good = CLI::detail::lexical_cast(text, number) && number > 0;
            return good ? std::string() : fmt::format("'{}' is not a number above 0", text);
          },
          "POSITIVE", "positive"};
}

}  // namespace

Option Option::required() { return option_->required(), *this; }

Option Option::one_of(std::vector<std::string> allowed) {
  return option_->check(CLI::IsMember(std::move(allowed))), *this;
}

Option Option::between(std::int64_t low, std::int64_t high) {
  return option_->check(CLI::Range(low, high)), *this;
}

Option Option::positive() { return option_->check(above_zero()), *this; }

Option Option::existing_file() { return option_->check(CLI::ExistingFile), *this; }

Option Option::excludes(Option other) { return option_->excludes(other.option_), *this; }

Option Option::needs(Option other) { return option_->needs(other.option_), *this; }

Option Option::show_default() { return option_->capture_default_str(), *this; }

template <class T>
Option Command::option(const std::string& names, T& target, const std::string& help) {
  return Option(app_->add_option(names, target, help));
}

#define DERIVD_OPTION_OF(...) \
  template Option Command::option(const std::string&, __VA_ARGS__&, const std::string&)
DERIVD_OPTION_OF(std::string);
DERIVD_OPTION_OF(std::optional<std::string>);
DERIVD_OPTION_OF(std::vector<std::string>);
DERIVD_OPTION_OF(int);
DERIVD_OPTION_OF(std::optional<int>);
DERIVD_OPTION_OF(std::int64_t);
DERIVD_OPTION_OF(std::optional<std::int64_t>);
DERIVD_OPTION_OF(std::uint64_t);
DERIVD_OPTION_OF(std::optional<std::uint64_t>);
DERIVD_OPTION_OF(double);
DERIVD_OPTION_OF(std::optional<double>);
#undef DERIVD_OPTION_OF

Option Command::flag(const std::string& names, bool& target, const std::string& help) {
  return Option(app_->add_flag(names, target, help));
}

Command Command::add(const std::string& name, const std::string& help) {
  return Command(app_->add_subcommand(name, help));
}

void Command::require_command() { app_->require_subcommand(1); }

void Command::take_rest() { app_->allow_extras()->fallthrough(false); }

std::vector<std::string> Command::rest() const { return app_->remaining(); }

void Command::group(const std::string& title) { app_->group(title); }

bool Command::named() const { return app_->parsed(); }

}  // namespace derivd::ctl
