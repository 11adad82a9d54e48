// Owns the configuration file: the settings table, the YAML loader with line and column, the checks
// across settings. derivd and derivctl load through it. It never starts from a half-valid file and
// never holds the token.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/settings.hpp"

namespace derivd::config {

enum class Api : std::uint8_t { kAuto, kOptions, kV3 };
enum class Mode : std::uint8_t { kLive, kPaper };
enum class OnStop : std::uint8_t { kLeave, kWait };

struct VenueSettings {
  Api api = Api::kAuto;
  std::string app_id;
  std::string account = "demo";
  bool allow_real = false;
  Mode mode = Mode::kLive;
  std::optional<std::string> endpoint;
  std::optional<std::string> ca_file;
};

struct Config {
  VenueSettings venue;
  engine::Settings engine;
  std::optional<std::string> store_path;
  std::optional<std::string> metrics_listen;
  std::string log_level = "info";
  OnStop on_stop = OnStop::kLeave;
  std::chrono::seconds stop_timeout{30};
};

/// FILE:LINE:COL: key: what is wrong, what is allowed. Line and column count from 1; 0 where the
/// problem has no place.
struct Problem {
  int line = 0;
  int column = 0;
  std::string key;
  std::string reason;
};
std::string format(const Problem& problem, std::string_view file);

/// All problems at once, in file order. JSON is YAML.
std::variant<Config, std::vector<Problem>> load_text(std::string_view text);
std::variant<Config, std::vector<Problem>> load_file(const std::string& path);

}  // namespace derivd::config
