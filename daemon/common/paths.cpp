#include "common/paths.hpp"

#include <cstdlib>
#include <string_view>

namespace derivd::daemon {

std::string first_directory(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return {};
  const std::string_view text(value);
  return std::string(text.substr(0, text.find(':')));
}

std::string journal_path(const std::optional<std::string>& configured,
                         const std::string& fallback_directory, JournalKind kind) {
  if (configured) return *configured;
  const auto state = first_directory("STATE_DIRECTORY");
  const auto& directory = state.empty() ? fallback_directory : state;
  if (directory.empty()) return {};
  return directory + (kind == JournalKind::kPaper ? "/paper.db" : "/derivd.db");
}

std::string ticks_path(const std::string& fallback_directory) {
  const auto state = first_directory("STATE_DIRECTORY");
  const auto& directory = state.empty() ? fallback_directory : state;
  return directory.empty() ? std::string{} : directory + "/ticks";
}

std::string state_path(const std::string& fallback_directory) {
  const auto state = first_directory("STATE_DIRECTORY");
  return state.empty() ? fallback_directory : state;
}

std::string control_path(const std::string& fallback_directory) {
  const auto runtime = first_directory("RUNTIME_DIRECTORY");
  const auto& directory = runtime.empty() ? fallback_directory : runtime;
  return directory.empty() ? std::string{} : directory + "/control.sock";
}

}  // namespace derivd::daemon
