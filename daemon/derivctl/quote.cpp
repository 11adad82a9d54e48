// quote: what the venue asks for a contract now, asked by the running daemon's own session.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "derivctl/command.hpp"
#include "derivctl/price.hpp"
#include "derivctl/price_text.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

/// An option and the key of the question that it fills; common/price_request.cpp reads them.
struct Word {
  const char* key;
  const char* option;
  const char* help;
};
constexpr Word kWords[] = {
    {"stake", "--stake", "what it may cost; default 1"},
    {"payout", "--payout", "what it is to pay, in the place of the stake"},
    {"duration", "--duration", "5t, 15s, 5m, 1h, 1d; default 5t, or the type's shortest"},
    {"until", "--until", "\"2026-12-01 16:00 UTC\", in the place of the duration"},
    {"barrier", "--barrier", "+0.10 or -0.10 from the entry, or a quote; of two the high one"},
    {"barrier2", "--barrier2", "the low one of types with two"},
    {"prediction", "--prediction", "the digit, 0 to 9"},
    {"selected_tick", "--selected-tick", "of TICKHIGH and TICKLOW, 1 to 5"},
    {"growth", "--growth", "of ACCU, 0.01 to 0.05"},
    {"multiplier", "--multiplier", "of MULTUP and MULTDOWN"},
    {"payout_per_point", "--payout-per-point", "of turbos, in the place of the barrier"},
    {"take_profit", "--take-profit", "that the venue keeps, of MULT* and ACCU"},
    {"stop_loss", "--stop-loss", "that the venue keeps, of MULT*"},
    {"cancellation", "--cancellation", "of MULT*: how long the deal can be cancelled, as 15m"}};

struct QuoteArgs {
  std::string symbol;
  std::string type;
  std::vector<std::string> words = std::vector<std::string>(std::size(kWords));
};

int quote(const Context& context, const QuoteArgs& args) {
  ordered_json question{{"symbol", args.symbol}, {"type", args.type}};
  for (std::size_t i = 0; i < args.words.size(); ++i) {
    if (!args.words[i].empty()) question[kWords[i].key] = args.words[i];
  }
  const auto answer = ask_price(context, std::move(question));
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  const auto& row = answer.result;
  if (context.json) out::json(row);
  if (daemon::is(daemon::at(row, "state"), "refused")) {
    const auto refusal = refusal_of(row);
    return fail(refusal.code, refusal.text);
  }
  if (!context.json) out::print("{}", price_text(row));
  return service::kCtlOk;
}

}  // namespace

void add_quote(Commands& commands) {
  const auto& context = commands.context();
  const auto args = std::make_shared<QuoteArgs>();
  auto c = commands.add("quote", "what a contract costs now: price, payout, margin, break-even");
  c.option("SYMBOL", args->symbol, "as R_100 or frxEURUSD").required();
  c.option("TYPE", args->type, "as CALL, DIGITOVER, ONETOUCH; derivctl contracts lists them")
      .required();
  for (std::size_t i = 0; i < args->words.size(); ++i) {
    c.option(kWords[i].option, args->words[i], kWords[i].help);
  }
  commands.on(c, [&context, args] { return quote(context, *args); });
}

}  // namespace derivd::ctl
