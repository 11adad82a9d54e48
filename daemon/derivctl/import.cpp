// import: programs that were made elsewhere, as strategies of derivd.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "backtest/dbot_run.hpp"
#include "common/files.hpp"
#include "common/output.hpp"
#include "config/config.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "derivctl/backtest_options.hpp"
#include "derivctl/command.hpp"
#include "derivctl/go_trader.hpp"
#include "derivctl/import_text.hpp"
#include "market/symbol.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

namespace fs = std::filesystem;

/// A folder with more programs is a mistake of the command line.
constexpr std::size_t kMaxFiles = 20'000;

struct ImportArgs {
  std::string file;
  std::string name;
  std::string symbol;
  std::string ticks;  // a tick file of the program's symbol
  std::vector<std::string> answers;
  std::string balance = "10000.00";
  std::int64_t warmup = backtest::kWarmup;
  std::uint64_t seed = 1;
};

/// The place of --ticks: FILE, or SYMBOL=PLACE as the back-test has it, which must then be of the
/// program's own symbol. A name with a '=' before which no symbol stands is a file's.
core::Result<std::string> ticks_of(const market::Symbols& symbols, const ImportArgs& args,
                                   std::string_view symbol) {
  const auto equals = args.ticks.find('=');
  if (equals == std::string::npos) return args.ticks;
  const auto code = std::string_view(args.ticks).substr(0, equals);
  if (code == symbol) return args.ticks.substr(equals + 1);
  std::error_code error;
  if (symbols.find(code) == nullptr || fs::exists(args.ticks, error)) return args.ticks;
  return core::invalid(fmt::format(
      "--ticks: the ticks are of {}, but the program trades {}; --symbol {} trades it there", code,
      symbol, code));
}

/// What the program would have done on the ticks of a file, without derivd's limits.
core::Result<backtest::DbotResult> try_out(const Context& context, const ImportArgs& args,
                                           const std::string& file, const dbot::Import& import,
                                           std::vector<std::string> answers,
                                           const backtest::OnMessage& on_message) {
  const auto& symbols = context.symbols();
  const auto* symbol = symbols.find(import.symbol);
  if (symbol == nullptr) {
    return core::invalid(
        fmt::format("{} is not a symbol that derivd knows; --symbol names another", import.symbol));
  }
  const auto ticks = ticks_of(symbols, args, symbol->code);
  if (!ticks) return ticks.error();
  auto source = open_source(context, *ticks, *symbol);
  if (!source) return source.error();
  const auto balance = core::Money::parse(args.balance);
  if (!balance) return core::invalid("--balance: " + balance.error().text);
  backtest::DbotOptions options;
  options.program = import.program;
  options.file = file;
  options.symbol = symbol->code;
  options.symbols = symbols;
  options.answers = std::move(answers);
  options.seed = args.seed;
  options.warmup = args.warmup;
  options.balance = *balance;
  return backtest::run_dbot(options, **source, {}, on_message);
}

std::string_view end_of_import(const backtest::DbotResult& run) {
  if (!run.started) return "too few ticks to start";
  const auto& halted = run.strategy.halted;
  if (!halted) return "ran to the last tick";
  if (*halted == "finished") return "finished by itself";
  return *halted == "script" ? "an error of the program" : "the venue would refuse it";
}

nlohmann::ordered_json run_import_json(const backtest::DbotResult& run) {
  const auto& sums = run.strategy.sums;
  nlohmann::ordered_json out;
  out["ticks"] = run.ticks;
  out["trades"] = sums.trades;
  out["won"] = sums.won;
  out["lost"] = sums.lost;
  out["profit"] = sums.profit.to_string();
  out["max_drawdown"] = sums.max_drawdown.to_string();
  out["max_stake"] = sums.max_stake.to_string();
  out["open"] = run.strategy.open;
  out["messages"] = run.strategy.messages;
  out["end"] = end_of_import(run);
  const auto& program = run.strategy.program;
  const bool ended = program && !program->ended.empty();
  out["reason"] = ended ? nlohmann::ordered_json(program->ended) : nlohmann::ordered_json();
  out["line"] = ended ? nlohmann::ordered_json(program->ended_line) : nlohmann::ordered_json();
  return out;
}

void print_run(const backtest::DbotResult& run) {
  const auto& sums = run.strategy.sums;
  out::print(
      "\non {}, with none of derivd's limits: {}, {} won, {} lost, profit {}, "
      "largest stake {}, deepest fall {}\n",
      core::counted(run.ticks, "tick"), core::counted(sums.trades, "trade"), sums.won, sums.lost,
      sums.profit.to_string(), sums.max_stake.to_string(), sums.max_drawdown.to_string());
  if (run.strategy.halted) {
    out::print("{}: {}\n", end_of_import(run), core::printable(run.strategy.halt_reason));
  } else {
    out::print("{}\n", end_of_import(run));
  }
}

/// Tells the report first, then every message of the run as it comes.
int tell_import(const Context& context, const ImportArgs& args, const dbot::Import& import,
                const std::string& name) {
  if (!context.json) out::print("\n{}", import_yaml(import, name, args.file, args.symbol));
  nlohmann::ordered_json json;
  if (context.json) json = import_json(import, name, args.file, args.symbol);
  if (!args.ticks.empty()) {
    const backtest::OnMessage message = [&](core::VenueTime time, const core::Event& said) {
      if (context.json) return;
      out::print("{} {}: {}\n", time.s, core::printable(said.reason.view()),
                 core::printable(said.text.view()));
    };
    const auto run = try_out(context, args, args.file, import, args.answers, message);
    if (!run) return fail(code_of(run.error()), run.error().text);
    if (!context.json) print_run(*run);
    json["run"] = run_import_json(*run);
  }
  if (context.json) out::json(json);
  return service::kCtlOk;
}

int import_one(const Context& context, const ImportArgs& args) {
  const auto bytes = daemon::read_file(args.file, dbot::kMaxXmlBytes + 1);
  if (!bytes) {
    const bool missing = bytes.error().kind == core::ErrorKind::kNotFound;
    return fail(missing ? service::kCtlNotFound : service::kCtlRefused, bytes.error().text);
  }
  const auto import = dbot::import_program(*bytes, args.symbol);
  const auto name = args.name.empty() ? strategy_name_of(args.file) : args.name;
  if (!context.json && !import.dialect.empty()) {
    out::print("{}", import_report(import, args.file));
  }
  if (import.program != nullptr) return tell_import(context, args, import, name);
  if (context.json) {
    out::json(import_json(import, name, args.file, args.symbol));
    return service::kCtlRefused;
  }
  for (const auto& p : import.problems) out::error("{}\n", dbot::format(p, args.file));
  return fail(service::kCtlRefused,
              fmt::format("{} cannot run: {}", args.file, dbot::name_of(import.reason)));
}

int import_folder(const Context& context, const ImportArgs& args) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator it(args.file, fs::directory_options::skip_permission_denied,
                                      error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().extension() == ".xml") files.push_back(it->path().string());
    if (files.size() > kMaxFiles) {
      return fail(service::kCtlRefused,
                  fmt::format("{} holds more than {} programs", args.file, kMaxFiles));
    }
  }
  if (error) return fail(service::kCtlOther, fmt::format("{}: {}", args.file, error.message()));
  if (files.empty()) {
    return fail(service::kCtlNotFound, fmt::format("{} holds no .xml file", args.file));
  }
  std::ranges::sort(files);
  ImportTable table;
  for (const auto& file : files) {
    const auto bytes = daemon::read_file(file, dbot::kMaxXmlBytes + 1);
    if (!bytes) {
      warn(bytes.error().text);
      continue;
    }
    const auto import = dbot::import_program(*bytes, args.symbol);
    table.add(file, import);
    if (args.ticks.empty() || import.program == nullptr) continue;
    // Nobody can answer for a whole folder: every question gets a 1.
    auto answers = args.answers;
    answers.resize(std::max(answers.size(), import.prompts.size()), "1");
    const auto run = try_out(context, args, file, import, std::move(answers), {});
    if (!run) {
      table.add_run(file, "not run: " + run.error().text, 0, {});
    } else {
      const auto& program = run->strategy.program;
      table.add_run(file, std::string(end_of_import(*run)), run->strategy.sums.trades,
                    program ? program->ended : std::string());
    }
  }
  if (context.json) {
    out::json(table.json());
  } else {
    out::print("{}", table.text());
  }
  return service::kCtlOk;
}

/// A file that is not there yet, or that holds the text already.
core::Result<void> put_script(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) {
    const auto there = daemon::read_file(path, text.size() + 1);
    if (there && *there == text) return {};
    return core::Error{
        core::ErrorKind::kRefused,
        fmt::format("{} is there already and is another program; name another file", path)};
  }
  if (fd < 0) return core::io_error(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto n = ::write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  const bool closed = ::close(fd) == 0;
  if (rest.empty() && closed) return {};
  return core::io_error(fmt::format("{}: {}", path, std::strerror(errno)));
}

struct SeedArgs {
  std::string name;
  std::string script;
};

int import_seed(const Context& context, const SeedArgs& args,
                const std::vector<std::string>& words) {
  if (words.empty()) {
    return fail(service::kCtlUsage,
                "needs what deriv-go-trader is started with: its flags, as -strategy even_odd "
                "-stake 1.0, or one file of JSON");
  }
  SeedOptions options{args.name, args.script, {}};
  SeedImport import;
  const bool of_file = words.size() == 1 && !words.front().starts_with('-');
  if (of_file) {
    options.file = words.front();
    const auto bytes = daemon::read_file(options.file, config::kMaxFile + 1);
    if (!bytes) {
      const bool missing = bytes.error().kind == core::ErrorKind::kNotFound;
      return fail(missing ? service::kCtlNotFound : service::kCtlRefused, bytes.error().text);
    }
    import = import_seed_json(*bytes, options);
  } else {
    import = import_seed_flags(words, options);
  }
  if (import.can_run() && import.script) {
    if (const auto put = put_script(args.script, *import.script); !put) {
      return fail(code_of(put.error()), put.error().text);
    }
  }
  check_seed(import, context.symbols());
  if (context.json) {
    out::json(seed_json(import));
  } else if (import.can_run()) {
    out::print("{}\n{}", seed_report(import), import.yaml);
  } else {
    for (const auto& problem : import.problems) out::error("{}\n", core::printable(problem));
    out::error("derivctl: refused: derivd cannot do what this does\n");
  }
  return import.can_run() ? service::kCtlOk : service::kCtlRefused;
}

}  // namespace

void add_import(Commands& commands) {
  const auto& context = commands.context();
  const auto args = std::make_shared<ImportArgs>();
  auto group = commands.add("import", "programs made elsewhere, as strategies");
  group.require_command();
  auto c = group.add("dbot",
                     "a Deriv Bot or Binary Bot program: what it does, and its strategy in YAML");
  c.option("FILE", args->file, "the program's XML, or a folder of them for a table").required();
  c.option("--name", args->name, "of the strategy; default: from the file's name");
  c.option("--symbol", args->symbol, "trade this symbol instead of the file's");
  c.option(
      "--ticks", args->ticks,
      "FILE or SYMBOL=FILE, ticks of its symbol: tell what the program would have done on them, "
      "without derivd's limits");
  c.option("--answer", args->answers, "with --ticks: to its questions, in order; repeatable");
  c.option("--balance", args->balance, "with --ticks: at the start; default 10000.00");
  c.option("--warmup", args->warmup, "with --ticks: ticks that are its past; default 1000")
      .between(std::int64_t{1}, backtest::kMaxWarmup);
  c.option("--seed", args->seed, "with --ticks: of its random numbers; default 1");
  commands.on(c, [&context, args] {
    std::error_code error;
    return fs::is_directory(args->file, error) ? import_folder(context, *args)
                                               : import_one(context, *args);
  });
  const auto seed = std::make_shared<SeedArgs>();
  auto g = group.add("deriv-go-trader",
                     "what deriv-go-trader is started with, its flags as they are or a FILE of its "
                     "JSON, as a strategy in YAML");
  g.take_rest();
  g.option("--name", seed->name, "of the strategy; default: that of its kind");
  g.option("--script", seed->script,
           "of a custom strategy: the file of its program; one in the JSON is written there, where "
           "there is none yet");
  g.flag("--json", commands.context().json, "print JSON");
  commands.on(g, [&context, seed, g] { return import_seed(context, *seed, g.rest()); });
}

}  // namespace derivd::ctl
