// ticks export, list: the archive of recorded ticks.
#include "derivctl/ticks.hpp"
#include "common/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "common/paths.hpp"
#include "common/trades.hpp"
#include "derivctl/answer_text.hpp"
#include "market/symbol.hpp"
#include "market/symbol_words.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using market::SymbolCode;
using market::TickRow;

/// Rows that are read at a time.
constexpr std::size_t kTicksBatch = 4096;
/// Text of an export that is held before it is written.
constexpr std::size_t kTicksChunk = 1 << 18;

struct TicksArgs {
  std::string symbol;
  std::string dir;
  std::string from;
  std::string to;
  bool gaps = false;
};

int refuse_ticks(const core::Error& error) { return fail(ctl_code_of(error), error.text); }

int export_ticks(const Context& context, const TicksArgs& args) {
  const auto symbol = symbol_from(context.symbols(), args.symbol);
  if (!symbol) return fail(service::kCtlUsage, symbol.error().text);
  const auto range = span_from(args.from, args.to);
  if (!range) return fail(service::kCtlUsage, range.error().text);
  auto source = store::ArchiveSource::open(archive_at(context, args.dir), *symbol, *range);
  if (!source) return refuse_ticks(source.error());
  std::vector<TickRow> batch(kTicksBatch);
  std::string text = "epoch,quote\n";
  for (;;) {
    const auto n = (*source)->read(batch);
    if (!n) return refuse_ticks(n.error());
    for (std::size_t i = 0; i < *n; ++i) {
      fmt::format_to(std::back_inserter(text), "{},{}\n", batch[i].epoch.s,
                     core::Price::raw(batch[i].mantissa, (*source)->decimals()).to_string());
    }
    if (*n == 0 || text.size() >= kTicksChunk) {
      if (!out::write(out::To::kOutput, text) || (*n == 0 && !out::flush())) {
        return fail(service::kCtlOther, "the output cannot be written");
      }
      text.clear();
    }
    if (*n == 0) return service::kCtlOk;
  }
}

std::string size_of(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

ordered_json tick_row_of(const store::Summary& s) {
  ordered_json row{{"symbol", s.symbol.view()}, {"decimals", s.decimals}};
  row["from"] = s.first ? ordered_json(s.first->s) : nullptr;
  row["to"] = s.last ? ordered_json(s.last->s) : nullptr;
  row["ticks"] = s.ticks;
  row["gaps"] = s.gap_count;
  std::int64_t missing = 0;
  std::int64_t absent = 0;
  auto gaps = ordered_json::array();
  for (const auto& gap : s.gaps) {
    const bool has_none = gap.venue == store::Gap::Venue::kHasNone;
    (has_none ? absent : missing) += gap.span.last - gap.span.first + 1;
    gaps.push_back({{"from", gap.span.first},
                    {"to", gap.span.last},
                    {"absent", has_none},
                    {"doubtful", gap.venue == store::Gap::Venue::kDoubtful}});
  }
  row["missing_seconds"] = missing;
  row["absent_seconds"] = absent;
  row["days"] = s.days;
  row["bytes"] = s.bytes;
  row["notes"] = s.notes;
  row["gap_list"] = std::move(gaps);
  return row;
}

void print_gaps(const ordered_json& row) {
  for (const auto& gap : row["gap_list"]) {
    out::print("  {}  {} to {}, {} s{}\n", row["symbol"].get<std::string>(),
               when(gap["from"].get<std::int64_t>()), when(gap["to"].get<std::int64_t>()),
               gap["to"].get<std::int64_t>() - gap["from"].get<std::int64_t>() + 1,
               gap["absent"] == true     ? ": the venue has none"
               : gap["doubtful"] == true ? ": called empty by an earlier version, which asked "
                                           "once; fetch asks again"
                                         : "");
  }
}

int list_ticks(const Context& context, const TicksArgs& args) {
  const auto archive = archive_at(context, args.dir);
  auto symbols = archive.symbols();
  if (!symbols) return refuse_ticks(symbols.error());
  auto rows = ordered_json::array();
  int code = service::kCtlOk;
  for (const auto& symbol : *symbols) {
    const auto summary = archive.summary(symbol);
    if (!summary) {
      code = refuse_ticks(summary.error());  // and the others are shown
      continue;
    }
    for (const auto& note : summary->notes) out::error("derivctl: {}\n", note);
    rows.push_back(tick_row_of(*summary));
  }
  if (context.json) {
    out::json(rows);
    return code;
  }
  if (rows.empty() && code == service::kCtlOk) {
    out::print("the archive is empty; derivctl ticks fetch and ticks import fill it\n");
    return code;
  }
  auto shown = ordered_json::array();
  for (auto row : rows) {
    for (const auto* key : {"from", "to"}) {
      if (!row[key].is_null()) row[key] = when(row[key].get<std::int64_t>());
    }
    row["size"] = size_of(row["bytes"].get<std::uint64_t>());
    shown.push_back(std::move(row));
  }
  out::show(table_text(shown,
                       {"symbol",
                        "from",
                        "to",
                        "ticks",
                        "gaps",
                        {"missing_seconds", 1},
                        {"absent_seconds", 3, Tint::kNone, "0"},
                        {"days", 4},
                        {"size", 2}},
                       out::look()));
  if (args.gaps) std::for_each(rows.begin(), rows.end(), print_gaps);
  return code;
}

}  // namespace

int ctl_code_of(const core::Error& error) {
  switch (error.kind) {
    case core::ErrorKind::kNotFound:
      return service::kCtlNotFound;
    case core::ErrorKind::kTimeout:
      return service::kCtlTimeout;
    case core::ErrorKind::kInvalid:
    case core::ErrorKind::kRefused:
    case core::ErrorKind::kProtocol:
      return service::kCtlRefused;
    case core::ErrorKind::kIo:
    case core::ErrorKind::kExhausted:
      break;
  }
  return service::kCtlOther;
}

store::TickArchive archive_at(const Context& context, const std::string& dir) {
  if (!dir.empty()) return store::TickArchive(dir);
  return store::TickArchive(
      daemon::ticks_path("/var/lib/derivd" + (context.name.empty() ? "" : "-" + context.name)));
}

core::Result<SymbolCode> symbol_from(const market::Symbols& symbols, const std::string& text) {
  const bool good = text.size() >= 2 && SymbolCode::fits(text) &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '_';
                    });
  if (good) return SymbolCode(text);
  return core::invalid(market::not_a_symbol(symbols, text));
}

std::string when(std::int64_t epoch) {
  auto text = daemon::iso_time({epoch});
  text[10] = ' ';
  text.pop_back();
  return text;
}

core::Result<store::Span> span_from(const std::string& from, const std::string& to) {
  store::Span out{1, INT64_MAX};
  for (const auto& [name, text, end] :
       {std::tuple{"--from", &from, &out.first}, std::tuple{"--to", &to, &out.last}}) {
    if (text->empty()) continue;
    const auto time = parse_when(*text);
    if (!time) {
      return core::invalid(fmt::format("{} takes a date, a UTC time, an epoch or an age", name));
    }
    *end = time->us / 1'000'000;
  }
  if (!to.empty()) --out.last;  // the moment itself is not in it, as in a back-test
  if (out.first > out.last) return core::invalid("--from must lie before --to");
  return out;
}

void add_ticks(Commands& commands) {
  const auto& context = commands.context();
  auto ticks = commands.add("ticks", "the archive of recorded ticks");
  ticks.require_command();
  commands.on(ticks, [] { return static_cast<int>(service::kCtlUsage); });
  const auto args = std::make_shared<TicksArgs>();

  auto out = ticks.add("export", "write ticks of the archive as CSV");
  out.option("SYMBOL", args->symbol, "as R_100").required();
  out.option("--from", args->from, "date, UTC time, epoch, or age");
  out.option("--to", args->to, "up to before that");
  auto show = ticks.add("list", "what the archive has");
  show.flag("--gaps", args->gaps, "every gap too");
  for (auto c : {out, show}) {
    c.option("--dir", args->dir, "the archive; default: $STATE_DIRECTORY/ticks");
  }
  commands.on(out, [&context, args] { return export_ticks(context, *args); });
  commands.on(show, [&context, args] { return list_ticks(context, *args); });
  add_ticks_fetch(commands, ticks);
  add_ticks_import(commands, ticks);
}

}  // namespace derivd::ctl
