// ticks import: a tick file of any form into the archive, whole or not at all.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <utility>

#include "common/output.hpp"
#include "core/counted.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/tick_input.hpp"
#include "derivctl/ticks.hpp"
#include "market/symbol.hpp"
#include "service/exit_code.hpp"
#include "store/tick_field.hpp"
#include "store/tick_table.hpp"

namespace derivd::ctl {
namespace {

using market::SymbolCode;
using market::TickRow;
using nlohmann::ordered_json;

/// Rows that are read at a time.
constexpr std::size_t kTicksImportBatch = 4096;

struct TicksImportArgs {
  std::string symbol;
  std::string file;
  std::string dir;
  int decimals = -1;
  store::TickFormat format;
  std::string separator = "comma";
  std::string unit = "s";
  bool no_header = false;
  bool skip_bad = false;
  bool dry_run = false;
};

int import_refused(const core::Error& error) { return fail(ctl_code_of(error), error.text); }

const std::map<std::string, store::TickFormat::Unit> kUnits{
    {"s", store::TickFormat::Unit::kSeconds}, {"ms", store::TickFormat::Unit::kMillis},
    {"us", store::TickFormat::Unit::kMicros}, {"ns", store::TickFormat::Unit::kNanos},
    {"iso", store::TickFormat::Unit::kIso},   {"iso-utc", store::TickFormat::Unit::kIsoUtc}};
template <class Value>
std::vector<std::string> names_of(const std::map<std::string, Value>& choices) {
  std::vector<std::string> out;
  for (const auto& choice : choices) out.push_back(choice.first);
  return out;
}
const std::map<std::string, char> kSeparators{
    {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"space", ' '}, {"pipe", '|'}};

/// What a tick file's quotes are checked against: what derivd knows, else what was said.
core::Result<market::SymbolInfo> info_for(const market::Symbols& symbols, const SymbolCode& symbol,
                                          int decimals) {
  if (const auto* known = symbols.find(symbol)) {
    if (decimals >= 0 && decimals != known->decimals) {
      return core::invalid(
          fmt::format("{} has {} decimals, not {}", symbol, known->decimals, decimals));
    }
    return *known;
  }
  if (decimals < 0) {
    const auto near = symbols.nearest(symbol);
    return core::invalid(
        fmt::format("'{}' is not a symbol that derivd knows{}; for its ticks say "
                    "--decimals N",
                    symbol, near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
  }
  market::SymbolInfo info{};
  info.code = symbol.view();
  info.decimals = static_cast<std::uint8_t>(decimals);
  return info;
}

/// One day's rows of a tick file, and the line of each.
struct FileDay {
  std::vector<TickRow> rows;
  std::vector<std::int64_t> lines;
};

/// Calls `take` with the rows of each day, one after the other.
template <class Take>
core::Result<void> each_day(store::TickReader& reader, Take take) {
  FileDay day;
  std::vector<TickRow> batch(kTicksImportBatch);
  const auto flush = [&]() -> core::Result<void> {
    if (day.rows.empty()) return {};
    const auto done = std::exchange(day, {});
    return take(done);
  };
  for (;;) {
    const auto n = reader.read(batch);
    if (!n) return n.error();
    if (*n == 0) return flush();
    for (std::size_t i = 0; i < *n; ++i) {
      const auto& row = batch[i];
      if (!day.rows.empty() &&
          day.rows.front().epoch.s / store::kSecondsPerDay != row.epoch.s / store::kSecondsPerDay) {
        if (auto r = flush(); !r) return r;
      }
      day.rows.push_back(row);
      day.lines.push_back(reader.line_of(i));
    }
  }
}

/// One import: a tick file is read twice, so that nothing of one that has a fault or contradicts
/// the archive is kept.
class Import final {
 public:
  Import(const TicksImportArgs& args, const SymbolCode& symbol, const market::SymbolInfo& info,
         store::TickArchive archive, TickInput input)
      : args_(args),
        symbol_(symbol),
        info_(info),
        archive_(std::move(archive)),
        input_(std::move(input)) {}

  /// What the file holds and what it would add; errors name file and line.
  core::Result<void> look() {
    auto opened = open();
    if (!opened) return opened.error();
    auto& reader = **opened;
    const auto done = each_day(reader, [&](const FileDay& day) { return look_at(day); });
    if (!done) return done;
    if (const auto* table = dynamic_cast<store::TickTable*>(&reader)) {
      skipped_ = table->skipped();
      samples_ = table->samples();
      columns_ = table->columns();
      time_ = table->time_column();
      quote_ = table->quote_column();
    }
    if (skipped_.count > ticks_) {
      return core::invalid(
          fmt::format("{}: {} no ticks and {} are: is its form the right "
                      "one? {}",
                      input_.name(), core::counted(skipped_.count, "line is", "lines are"), ticks_,
                      skipped_.first.front()));
    }
    return {};
  }

  core::Result<void> keep() {
    auto opened = open();
    if (!opened) return opened.error();
    added_ = known_ = 0;
    return each_day(**opened, [&](const FileDay& day) -> core::Result<void> {
      const auto merged = archive_.merge(symbol_, info_.decimals, day.rows);
      if (!merged) return merged.error();
      if (merged->conflict) {
        return core::invalid(
            fmt::format("{}: another program wrote ticks that contradict the file meanwhile; run "
                        "the import again",
                        input_.name()));
      }
      added_ += merged->added;
      known_ += merged->known;
      for (const auto& note : merged->notes) warn(note);
      return {};
    });
  }

  /// What is strange about the file and is no fault.
  void tell_doubts() const {
    // A simulator may live in the future; a clock that was wrong, too.
    if (last_ > std::time(nullptr) + store::kSecondsPerDay) {
      warn(fmt::format("{}: the last tick is of {}, which is in the future", input_.name(),
                       when(last_)));
    }
    for (const auto& line : skipped_.first) warn(line);
    if (skipped_.count > 0) {
      warn(fmt::format("{}: {} left out", input_.name(),
                       core::counted(skipped_.count, "line was", "lines were")));
    }
  }

  void show(const Context& context) const {
    if (context.json) {
      out::json({{"symbol", symbol_.view()},
                 {"added", added_},
                 {"known", known_},
                 {"skipped", skipped_.count}});
    } else {
      out::print("{}: {} added, {} there\n", symbol_, core::counted(added_, "tick"),
                 core::counted(known_, "was", "were"));
    }
  }
  void show_dry_run(const Context& context) const;

 private:
  /// Of derivd's own form the fast reader, unless a person wants to see how it is read.
  core::Result<std::unique_ptr<store::TickReader>> open() const {
    auto source = input_.from_start();
    if (!source) return source.error();
    if (!args_.dry_run && !args_.skip_bad) {
      return store::open_ticks(std::move(*source), info_, args_.format);
    }
    auto table = store::TickTable::open(
        std::move(*source), info_, args_.format,
        args_.skip_bad ? store::TickTable::BadLines::kSkip : store::TickTable::BadLines::kRefuse);
    if (!table) return table.error();
    return std::unique_ptr<store::TickReader>(std::move(*table));
  }

  core::Result<void> look_at(const FileDay& day) {
    if (ticks_ == 0) first_ = day.rows.front().epoch.s;
    last_ = day.rows.back().epoch.s;
    ticks_ += day.rows.size();
    const auto checked = archive_.check(symbol_, info_.decimals, day.rows);
    if (!checked) return checked.error();
    added_ += checked->added;
    known_ += checked->known;
    if (!checked->conflict) return {};
    const auto& c = *checked->conflict;
    const auto at = std::find_if(day.rows.begin(), day.rows.end(),
                                 [&](const TickRow& row) { return row.epoch == c.epoch; });
    const auto line = day.lines[static_cast<std::size_t>(at - day.rows.begin())];
    return core::invalid(
        fmt::format("{}:{}: the quote at {} is {} here and {} in the archive; nothing was imported",
                    input_.name(), line, c.epoch.s, c.given.to_string(), c.held.to_string()));
  }

  const TicksImportArgs& args_;
  const SymbolCode symbol_;
  const market::SymbolInfo info_;
  store::TickArchive archive_;
  const TickInput input_;
  std::size_t added_ = 0, known_ = 0, ticks_ = 0;
  std::int64_t first_ = 0, last_ = 0;
  store::TickTable::Skipped skipped_;
  std::vector<store::TickTable::Sample> samples_;
  std::vector<std::string> columns_;
  std::size_t time_ = 0, quote_ = 0;
};

/// How the file was read, so that a person sees a wrong column, unit or mark before it is kept.
void Import::show_dry_run(const Context& context) const {
  const auto column = [&](std::size_t at) {
    return at < columns_.size() ? fmt::format("{} {}", at + 1, store::in_quotes(columns_[at]))
                                : std::to_string(at + 1);
  };
  auto rows = ordered_json::array();
  for (const auto& sample : samples_) {
    rows.push_back({{"line", sample.line},
                    {"written", store::in_quotes(sample.text)},
                    {"epoch", sample.row.epoch.s},
                    {"time", when(sample.row.epoch.s)},
                    {"quote", core::Price::raw(sample.row.mantissa, info_.decimals).to_string()}});
  }
  if (context.json) {
    out::json({{"symbol", symbol_.view()},
               {"dry_run", true},
               {"time_column", time_ + 1},
               {"quote_column", quote_ + 1},
               {"unit", store::name_of(args_.format.unit)},
               {"first_rows", rows},
               {"ticks", ticks_},
               {"added", added_},
               {"known", known_},
               {"skipped", skipped_.count}});
    return;
  }
  out::print("{}: time from column {} as {}, quote from column {}\n", input_.name(), column(time_),
             store::name_of(args_.format.unit), column(quote_));
  out::show(table_text(rows, {"line", "written", "time", "quote"}, out::look()));
  if (ticks_ > 0) {
    out::print("{} from {} to {}; {} would be added, {} there; nothing was written\n",
               core::counted(ticks_, "tick"), when(first_), when(last_), added_,
               core::counted(known_, "is", "are"));
  } else {
    out::print("no ticks; nothing was written\n");
  }
}

int import(const Context& context, const TicksImportArgs& args) {
  const auto symbol = symbol_from(context.symbols(), args.symbol);
  if (!symbol) return fail(service::kCtlUsage, symbol.error().text);
  const auto info = info_for(context.symbols(), *symbol, args.decimals);
  if (!info) return fail(service::kCtlUsage, info.error().text);
  if (args.format.decimal_comma && args.format.separator == ',') {
    return fail(service::kCtlUsage,
                "--decimal-comma: commas cannot separate the columns too; say which --separator");
  }
  auto input = TickInput::open(args.file);
  if (!input) return import_refused(input.error());
  Import job(args, *symbol, *info, archive_at(context, args.dir), std::move(*input));
  if (const auto r = job.look(); !r) return import_refused(r.error());
  job.tell_doubts();
  if (args.dry_run) {
    job.show_dry_run(context);
    return service::kCtlOk;
  }
  if (const auto r = job.keep(); !r) return import_refused(r.error());
  job.show(context);
  return service::kCtlOk;
}

void add_format_options(Command in, const std::shared_ptr<TicksImportArgs>& args) {
  auto& format = args->format;
  in.option("--time", format.time, "column of the time, by name or number; default: epoch");
  in.option("--quote", format.quote, "column of the quote, by name or number; default: quote");
  in.option("--unit", args->unit,
            "what the time counts: s, ms, us, ns; iso; iso-utc takes times without a zone")
      .one_of(names_of(kUnits));
  in.option("--separator", args->separator, "comma, semicolon, tab, space or pipe")
      .one_of(names_of(kSeparators));
  in.flag("--no-header", args->no_header, "the first line is a tick");
  in.flag("--decimal-comma", format.decimal_comma, "quotes as 1234,56");
  in.flag("--floor-time", format.floor_time, "cut fractions of a second off");
  in.flag("--skip-bad", args->skip_bad, "leave out lines that are no ticks, each alone");
  in.flag("--dry-run", args->dry_run, "show how it is read and what it would add");
}

}  // namespace

void add_ticks_import(Commands& commands, Command ticks) {
  const auto& context = commands.context();
  const auto args = std::make_shared<TicksImportArgs>();
  auto in = ticks.add("import", "take a tick file into the archive");
  in.option("SYMBOL", args->symbol, "as R_100").required();
  in.option("FILE", args->file,
            "CSV epoch,quote, or what the flags say; - is standard input, .gz is unpacked")
      .required();
  in.option("--decimals", args->decimals, "of a symbol that derivd does not know").between(0, 12);
  in.option("--dir", args->dir, "the archive; default: $STATE_DIRECTORY/ticks");
  add_format_options(in, args);
  commands.on(in, [&context, args] {
    args->format.unit = kUnits.at(args->unit);
    args->format.separator = kSeparators.at(args->separator);
    args->format.header = !args->no_header;
    return import(context, *args);
  });
}

}  // namespace derivd::ctl
