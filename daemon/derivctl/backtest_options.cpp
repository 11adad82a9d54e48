#include "derivctl/backtest_options.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/output.hpp"
#include "common/script_process.hpp"
#include "common/trades.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "derivctl/payout_choice.hpp"
#include "derivctl/ticks.hpp"
#include "market/symbol.hpp"
#include "service/exit_code.hpp"
#include "store/read_ahead.hpp"

namespace derivd::ctl {
namespace {

std::optional<Refusal> load_settings(const Context& context, const BacktestArgs& args,
                                     backtest::Options& options) {
  const auto file = args.config.empty() ? context.config_file() : args.config;
  auto loaded = config::load_file(file, context.symbols());
  if (auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    std::string text;
    for (const auto& p : *problems) text += (text.empty() ? "" : "\n") + config::format(p, file);
    return Refusal{service::kCtlRefused, text};
  }
  const auto& config = std::get<config::Config>(loaded);
  std::string text;
  for (const auto& p : daemon::script_problems(config)) {
    text += (text.empty() ? "" : "\n") + config::format(p, file);
  }
  if (!text.empty()) return Refusal{service::kCtlRefused, text};
  options.settings = config.engine;
  options.make_program = daemon::lock_step_programs();
  // What a program says is for its author, who looks at standard error; the result stays whole.
  options.on_log = [](core::VenueTime time, const core::Name& name, std::string_view line) {
    out::error("{} {}: {}\n", daemon::iso_time(time), name, core::printable(line));
  };
  return std::nullopt;
}

std::optional<Refusal> read_numbers(const BacktestArgs& args, backtest::Options& options) {
  const auto usage = [](std::string text) { return Refusal{service::kCtlUsage, std::move(text)}; };
  const auto balance = core::Money::parse(args.balance, options.settings.money_decimals);
  if (!balance) return usage("--balance: " + balance.error().text);
  options.balance = *balance;
  options.settle_delay = std::chrono::seconds(args.settle_delay);
  options.latency_ticks = args.latency_ticks;
  options.warmup = args.warmup;
  options.seed = args.seed;
  for (const auto& [name, text, time] : {std::tuple{"--from", &args.from, &options.from},
                                         std::tuple{"--to", &args.to, &options.to}}) {
    if (text->empty()) continue;
    const auto when = parse_when(*text);
    if (!when) return usage(fmt::format("{} takes a date, a UTC time, an epoch or an age", name));
    *time = core::VenueTime{when->us / 1'000'000};
  }
  return std::nullopt;
}

}  // namespace

core::Result<std::unique_ptr<market::TickSource>> open_source(const Context& context,
                                                              const std::string& place,
                                                              const market::SymbolInfo& symbol) {
  constexpr std::string_view kArchive = "archive:";
  if (place.starts_with(kArchive)) {
    auto source = store::ArchiveSource::open(archive_at(context, place.substr(kArchive.size())),
                                             market::SymbolCode(symbol.code));
    if (!source) return source.error();
    if ((*source)->decimals() != symbol.decimals) {
      return core::invalid(fmt::format("{}: the archive's quotes have {}, the symbol has {}",
                                       symbol.code, core::counted((*source)->decimals(), "decimal"),
                                       symbol.decimals));
    }
    return std::unique_ptr<market::TickSource>(std::move(*source));
  }
  auto source = store::TickCsv::open(place, symbol);
  if (!source) return source.error();
  if (!store::ReadAhead::helps()) return std::unique_ptr<market::TickSource>(std::move(*source));
  return std::unique_ptr<market::TickSource>(
      std::make_unique<store::ReadAhead>(std::move(*source)));
}

namespace {

std::optional<Refusal> open_ticks(const Context& context, const BacktestArgs& args,
                                  BacktestJob& job) {
  const auto& symbols = job.options.settings.symbols;
  for (const auto& arg : args.ticks) {
    const auto equals = arg.find('=');
    if (equals == std::string::npos) {
      return Refusal{service::kCtlUsage,
                     fmt::format("--ticks: '{}' is not SYMBOL=FILE or SYMBOL=archive:", arg)};
    }
    const auto code = arg.substr(0, equals);
    const auto* symbol = symbols.find(code);
    if (symbol == nullptr) {
      const auto near = symbols.nearest(code);
      return Refusal{service::kCtlUsage,
                     fmt::format("--ticks: '{}' is not a symbol that derivd knows ({}){}; '{} "
                                 "symbols' asks the venue",
                                 code, symbols.source(),
                                 near.empty() ? "" : fmt::format("; did you mean {}?", near),
                                 context.program())};
    }
    auto source = open_source(context, arg.substr(equals + 1), *symbol);
    if (!source) return Refusal{code_of(source.error()), source.error().text};
    job.tapes.push_back({market::SymbolCode(symbol->code), source->get()});
    job.sources.push_back(std::move(*source));
  }
  return std::nullopt;
}

}  // namespace

void add_backtest_options(Command c, BacktestArgs& args) {
  c.option("--config", args.config, "configuration file; default: the instance's in /etc/derivd");
  c.option("--ticks", args.ticks,
           "SYMBOL=FILE: recorded ticks, CSV epoch,quote; or SYMBOL=archive:[DIR], of the "
           "archive; repeatable")
      .required();
  c.option("--payouts", args.payouts,
           "model; recorded: account quotes and the journal's; TYPE=RATIO,…; a file of ratios, of "
           "recorded "
           "quotes or of trades; journal:[FILE]; default: recorded quotes, else the model");
  c.option("--balance", args.balance, "at the start; default 10000.00");
  c.option("--settle-delay", args.settle_delay,
           "seconds from a contract's exit to its result; live 1 to 3; default 0")
      .between(std::int64_t{0}, std::int64_t{backtest::kMaxSettleDelay.count()});
  c.option("--latency-ticks", args.latency_ticks,
           "ticks from a signal to the start of its contract; default 0")
      .between(0, backtest::kMaxLatencyTicks);
  c.option("--warmup", args.warmup,
           "ticks of its symbol that are a program's past (type dbot); default 1000")
      .between(1, backtest::kMaxWarmup);
  c.option("--from", args.from, "ignore ticks before: date, UTC time, epoch, or age");
  c.option("--to", args.to, "ignore ticks from here on");
}

int code_of(const core::Error& error) {
  return error.kind == core::ErrorKind::kNotFound ? service::kCtlNotFound
         : error.kind == core::ErrorKind::kIo     ? service::kCtlOther
                                                  : service::kCtlRefused;
}

boost::system::result<BacktestJob, Refusal> make_job(const Context& context,
                                                     const BacktestArgs& args) {
  BacktestJob job;
  if (auto r = load_settings(context, args, job.options)) return *r;
  auto choice = choose_payouts(context, args.payouts, job.options.settings.money_decimals);
  if (!choice) {
    const bool file = choice.error().kind == core::ErrorKind::kNotFound;
    return Refusal{file ? service::kCtlNotFound : service::kCtlUsage, choice.error().text};
  }
  if (auto r = read_numbers(args, job.options)) return *r;
  name_contracts(*choice, job.options.settings);
  job.options.payouts = choice->payouts;
  job.payouts = std::move(choice->said);
  job.options.payouts.price_on(job.options.settings.symbols);
  if (auto r = open_ticks(context, args, job)) return *r;
  return job;
}

}  // namespace derivd::ctl
