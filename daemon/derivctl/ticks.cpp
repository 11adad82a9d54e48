// ticks import, export, list: the archive of recorded ticks.
#include "derivctl/ticks.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>

#include "common/paths.hpp"
#include "common/trades.hpp"
#include "market/symbol.hpp"
#include "service/exit_code.hpp"
#include "store/tick_csv.hpp"

namespace derivd::ctl {
namespace {

using market::SymbolCode;
using market::TickRow;
using nlohmann::ordered_json;

/// Rows that are read at a time.
constexpr std::size_t kBatch = 4096;
/// Text of an export that is held before it is written.
constexpr std::size_t kChunk = 1 << 18;

struct Args {
  std::string symbol;
  std::string file;
  std::string dir;
  std::string from;
  std::string to;
  int decimals = -1;
  bool gaps = false;
};

int code_of(const core::Error& error) {
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
int refuse(const core::Error& error) { return fail(code_of(error), error.text); }

/// What a tick file's quotes are checked against: what derivd knows, else what was said.
core::Result<market::SymbolInfo> info_for(const SymbolCode& symbol, int decimals) {
  if (const auto* known = market::find_symbol(symbol.view())) {
    if (decimals >= 0 && decimals != known->decimals) {
      return core::invalid(
          fmt::format("{} has {} decimals, not {}", symbol, known->decimals, decimals));
    }
    return *known;
  }
  if (decimals < 0) {
    return core::invalid(
        fmt::format("'{}' is not a symbol that derivd knows; for its ticks say "
                    "--decimals N",
                    symbol));
  }
  market::SymbolInfo info{};
  info.code = symbol.view();
  info.decimals = static_cast<std::uint8_t>(decimals);
  return info;
}

/// Calls `take` with the rows of each day and the number of their first line. Every line of a tick
/// file behind the header is a tick.
template <class Take>
core::Result<void> each_day(const std::string& file, const market::SymbolInfo& info, Take take) {
  auto csv = store::TickCsv::open(file, info);
  if (!csv) return csv.error();
  std::vector<TickRow> day;
  std::vector<TickRow> batch(kBatch);
  std::size_t line = 2;
  const auto flush = [&]() -> core::Result<void> {
    if (day.empty()) return {};
    if (auto r = take(day, line); !r) return r.error();
    line += day.size();
    day.clear();
    return {};
  };
  for (;;) {
    const auto n = (*csv)->read(batch);
    if (!n) return n.error();
    if (*n == 0) return flush();
    for (std::size_t i = 0; i < *n; ++i) {
      const auto& row = batch[i];
      if (!day.empty() &&
          day.front().epoch.s / store::kSecondsPerDay != row.epoch.s / store::kSecondsPerDay) {
        if (auto r = flush(); !r) return r.error();
      }
      day.push_back(row);
    }
  }
}

/// Twice through the file: nothing of one that has a fault or contradicts the archive is kept.
int import(const Context& context, const Args& args) {
  const auto symbol = symbol_from(args.symbol);
  if (!symbol) return fail(service::kCtlUsage, symbol.error().text);
  const auto info = info_for(*symbol, args.decimals);
  if (!info) return fail(service::kCtlUsage, info.error().text);
  auto archive = archive_at(context, args.dir);
  const auto look = [&](const std::vector<TickRow>& rows, std::size_t line) -> core::Result<void> {
    const auto checked = archive.check(*symbol, info->decimals, rows);
    if (!checked) return checked.error();
    if (!checked->conflict) return {};
    const auto& c = *checked->conflict;
    const auto at = std::find_if(rows.begin(), rows.end(),
                                 [&](const TickRow& row) { return row.epoch == c.epoch; });
    return core::invalid(
        fmt::format("{}:{}: the quote at {} is {} here and {} in the archive; nothing was imported",
                    args.file, line + static_cast<std::size_t>(at - rows.begin()), c.epoch.s,
                    c.given.to_string(), c.held.to_string()));
  };
  core::VenueTime newest;
  const auto look_all = [&](const std::vector<TickRow>& rows, std::size_t line) {
    newest = rows.back().epoch;
    return look(rows, line);
  };
  if (const auto r = each_day(args.file, *info, look_all); !r) return refuse(r.error());
  // A simulator may live in the future; a clock that was wrong, too.
  if (newest.s > std::time(nullptr) + store::kSecondsPerDay) {
    fmt::print(stderr, "derivctl: warning: {}: the last tick is of {}, which is in the future\n",
               args.file, when(newest.s));
  }
  std::size_t added = 0;
  std::size_t known = 0;
  const auto keep = [&](const std::vector<TickRow>& rows, std::size_t) -> core::Result<void> {
    const auto merged = archive.merge(*symbol, info->decimals, rows);
    if (!merged) return merged.error();
    if (merged->conflict) {
      return core::invalid(
          fmt::format("{}: another program wrote ticks that contradict the file "
                      "meanwhile; run the import again",
                      args.file));
    }
    added += merged->added;
    known += merged->known;
    for (const auto& note : merged->notes) fmt::print(stderr, "derivctl: {}\n", note);
    return {};
  };
  if (const auto r = each_day(args.file, *info, keep); !r) return refuse(r.error());
  if (context.json) {
    fmt::print(
        "{}\n",
        ordered_json{{"symbol", symbol->view()}, {"added", added}, {"known", known}}.dump(2));
  } else {
    fmt::print("{}: {} ticks added, {} were there\n", *symbol, added, known);
  }
  return service::kCtlOk;
}

int export_ticks(const Context& context, const Args& args) {
  const auto symbol = symbol_from(args.symbol);
  if (!symbol) return fail(service::kCtlUsage, symbol.error().text);
  const auto range = span_from(args.from, args.to);
  if (!range) return fail(service::kCtlUsage, range.error().text);
  auto source = store::ArchiveSource::open(archive_at(context, args.dir), *symbol, *range);
  if (!source) return refuse(source.error());
  std::vector<TickRow> batch(kBatch);
  std::string text = "epoch,quote\n";
  for (;;) {
    const auto n = (*source)->read(batch);
    if (!n) return refuse(n.error());
    for (std::size_t i = 0; i < *n; ++i) {
      fmt::format_to(std::back_inserter(text), "{},{}\n", batch[i].epoch.s,
                     core::Price::raw(batch[i].mantissa, (*source)->decimals()).to_string());
    }
    if (*n == 0 || text.size() >= kChunk) {
      if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
          (*n == 0 && std::fflush(stdout) != 0)) {
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

ordered_json row_of(const store::Summary& s) {
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
    fmt::print("  {}  {} to {}, {} s{}\n", row["symbol"].get<std::string>(),
               when(gap["from"].get<std::int64_t>()), when(gap["to"].get<std::int64_t>()),
               gap["to"].get<std::int64_t>() - gap["from"].get<std::int64_t>() + 1,
               gap["absent"] == true     ? ": the venue has none"
               : gap["doubtful"] == true ? ": called empty by an earlier version, which asked "
                                           "once; fetch asks again"
                                         : "");
  }
}

int list(const Context& context, const Args& args) {
  const auto archive = archive_at(context, args.dir);
  auto symbols = archive.symbols();
  if (!symbols) return refuse(symbols.error());
  auto rows = ordered_json::array();
  int code = service::kCtlOk;
  for (const auto& symbol : *symbols) {
    const auto summary = archive.summary(symbol);
    if (!summary) {
      code = refuse(summary.error());  // and the others are shown
      continue;
    }
    for (const auto& note : summary->notes) fmt::print(stderr, "derivctl: {}\n", note);
    rows.push_back(row_of(*summary));
  }
  if (context.json) {
    fmt::print("{}\n", rows.dump(2));
    return code;
  }
  if (rows.empty() && code == service::kCtlOk) {
    fmt::print("the archive is empty; derivctl ticks fetch and ticks import fill it\n");
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
  print_table(shown, {"symbol", "from", "to", "ticks", "gaps", "missing_seconds", "absent_seconds",
                      "days", "size"});
  if (args.gaps) std::for_each(rows.begin(), rows.end(), print_gaps);
  return code;
}

}  // namespace

store::TickArchive archive_at(const Context& context, const std::string& dir) {
  if (!dir.empty()) return store::TickArchive(dir);
  return store::TickArchive(
      daemon::ticks_path("/var/lib/derivd" + (context.name.empty() ? "" : "-" + context.name)));
}

core::Result<SymbolCode> symbol_from(const std::string& text) {
  const bool good = text.size() >= 2 && SymbolCode::fits(text) &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '_';
                    });
  if (good) return SymbolCode(text);
  return core::invalid(
      fmt::format("'{}' is not a symbol, which has 2 to 30 letters, digits and '_'", text));
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
  auto* ticks = commands.add("ticks", "the archive of recorded ticks");
  ticks->require_subcommand(1);
  commands.on(ticks, [] { return static_cast<int>(service::kCtlUsage); });
  const auto args = std::make_shared<Args>();

  auto* in = ticks->add_subcommand("import", "take a tick file into the archive");
  in->add_option("SYMBOL", args->symbol, "as R_100")->required();
  in->add_option("FILE", args->file, "CSV epoch,quote")->required();
  in->add_option("--decimals", args->decimals, "of a symbol that derivd does not know")
      ->check(CLI::Range(0, 12));
  auto* out = ticks->add_subcommand("export", "write ticks of the archive as CSV");
  out->add_option("SYMBOL", args->symbol, "as R_100")->required();
  out->add_option("--from", args->from, "date, UTC time, epoch, or age");
  out->add_option("--to", args->to, "up to before that");
  auto* show = ticks->add_subcommand("list", "what the archive has");
  show->add_flag("--gaps", args->gaps, "every gap too");
  for (auto* c : {in, out, show}) {
    c->add_option("--dir", args->dir, "the archive; default: $STATE_DIRECTORY/ticks");
  }
  commands.on(in, [&context, args] { return import(context, *args); });
  commands.on(out, [&context, args] { return export_ticks(context, *args); });
  commands.on(show, [&context, args] { return list(context, *args); });
  add_ticks_fetch(commands, *ticks);
}

}  // namespace derivd::ctl
