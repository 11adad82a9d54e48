// Totals, messages and waiting: semantics.md, sections 6.4, 8 and 11, "Tools"; and the text blocks
// that talk.
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

std::string_view name_of(Message::Kind kind) {
  using enum Message::Kind;
  switch (kind) {
    case kSuccess:
      return "success";
    case kInfo:
      return "info";
    case kWarn:
      return "warn";
    case kError:
      return "error";
    case kAlert:
      return "alert";
    case kConsole:
      return "console";
    case kTelegram:
      return "telegram";
    case kWebhook:
      return "webhook";
  }
  return "";
}

/// What Before says, before it buys.
BlockCase said(const std::string& type, const std::string& statement, const std::string& expected) {
  Parts p;
  p.before = chain({statement, buy("DIGITOVER")});
  const auto see = [](Rig& rig) {
    begin_trade(rig);
    std::string out;
    for (const auto& m : rig.full_messages) {
      out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", name_of(m.kind), m.text);
    }
    return out + (rig.bought.empty() ? "" : ", then it buys");
  };
  return acted(type, p, see, expected);
}

/// Two trades, of which the first wins 0.95 and the second loses its stake of 1.
BlockCase total(const std::string& type, const std::string& expected) {
  Parts p;
  p.after = chain({set("x", block(type)), again()});
  const auto see = [](Rig& rig) {
    begin_trade(rig);
    rig.tick(10'002);
    rig.win(195);
    rig.tick(10'003);
    rig.tick(10'004);
    rig.lose();
    return rig.var("x");
  };
  return acted(type, p, see, expected);
}

/// How many ticks it lasts from one run of Before to the next.
BlockCase waits(const std::string& type, const std::string& statement,
                const std::string& expected) {
  Parts p;
  p.before = chain({count_of("n"), statement, when(no(), buy("DIGITOVER"))});
  const auto see = [](Rig& rig) {
    rig.start();
    rig.tick(10'001);
    int ticks = 0;
    std::string inside_after;
    while (rig.var("n") == "1" && ++ticks < 10) {
      rig.tick(10'001);
      if (inside_after.empty() && rig.var("inside") == "yes") inside_after = std::to_string(ticks);
    }
    return fmt::format("inside at {}, again at {}", inside_after, ticks);
  };
  return acted(type, p, see, expected);
}

}  // namespace

BlockCases cases_of_tools() {
  const auto inside = set("inside", txt("yes"));
  const auto date = [](const std::string& text) {
    return block("totimestamp", value("DATETIME", txt(text)));
  };
  BlockCases out{
      total("total_profit", "-0.05"),
      total("total_profit_string", "-0.05"),
      total("total_runs", "2"),
      valued("balance", block("balance", field("BALANCE_TYPE", "STR")), "10000.50"),
      valued("balance", block("balance", field("BALANCE_TYPE", "NUM")), "10000.5"),
      said("notify",
           block("notify", field("NOTIFICATION_TYPE", "error") +
                               field("NOTIFICATION_SOUND", "job-done") +
                               value("MESSAGE", num("1.50"))),
           "error: 1.5, then it buys"),
      said("notify_telegram",
           block("notify_telegram", value("TELEGRAM_ACCESS_TOKEN", txt("t0ken")) +
                                        value("TELEGRAM_CHAT_ID", txt("5")) +
                                        value("TELEGRAM_MESSAGE", txt("hello"))),
           "telegram: hello, then it buys"),
      said("console", block("console", value("MESSAGE", txt("c"))), "console: c, then it buys"),
      // A modal window there, a journal line here: nothing waits for it.
      said("text_print", block("text_print", value("TEXT", txt("hi"))), "alert: hi, then it buys"),
      valued("epoch", block("epoch"), std::to_string(Rig::kFirst + 3)),
      // Two and a half seconds from the first tick end between the second and the third after it.
      waits("timeout",
            block("timeout", value("SECONDS", num("2.5")) + stack("TIMEOUTSTACK", inside)),
            "inside at 3, again at 3"),
      waits(
          "tick_delay",
          block("tick_delay", value("TICKDELAYVALUE", num("2")) + stack("TICKDELAYSTACK", inside)),
          "inside at 2, again at 3"),
      valued("todatetime", block("todatetime", value("TIMESTAMP", num("1782086465"))),
             "2026-06-22 00:01:05 GMT+0000"),
      valued("totimestamp", date("2026-06-22 00:01:05"), "1782086465"),
      valued("totimestamp", date("2026-06-22"), "1782086400"),
      valued("totimestamp", date("soon"), "Invalid date/time"),
  };
  Parts p;
  p.init = chain({set("x", num("1")), block("barrier_offset", value("BARRIEROFFSET_IN", num("1"))),
                  count_of("x")});
  out.push_back(acted(
      "barrier_offset", p,
      [](Rig& rig) {
        rig.start();
        return rig.var("x");
      },
      "2"));
  return out;
}

}  // namespace derivd::dbot::test
