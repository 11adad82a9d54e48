#include "common/program_rows.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/printable.hpp"

namespace derivd::daemon {

using nlohmann::ordered_json;

ordered_json program_row(const strategy::ProgramView& program, std::size_t most_variables) {
  ordered_json row;
  row["file"] = program.file;
  row["phase"] = program.phase;
  row["waiting"] = program.waiting;
  row["line"] = program.line > 0 ? ordered_json(program.line) : ordered_json(nullptr);
  row["total_profit"] = fmt::format("{:.2f}", program.total_profit);
  row["runs"] = program.runs;
  row["restarts"] = program.restarts;
  const bool ended = !program.ended.empty();
  row["ended"] = ended ? ordered_json(core::printable(program.ended)) : ordered_json(nullptr);
  row["ended_line"] = ended ? ordered_json(program.ended_line) : ordered_json(nullptr);
  row["variables"] = ordered_json::object();
  // Texts of a program may hold any bytes: answers are UTF-8.
  for (const auto& [name, value] : program.variables) {
    if (row["variables"].size() >= most_variables) break;
    row["variables"][core::printable(name)] = core::printable(value);
  }
  return row;
}

}  // namespace derivd::daemon
