// Whatever order the keys come in, a frame says the same; whatever is cut, changed or of the wrong
// type, it is refused whole or says what it said.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/rng.hpp"
#include "deriv/decoder.hpp"
#include "deriv/quick_tick.hpp"

namespace derivd::deriv {
namespace {

using core::Rng;
using nlohmann::json;

const std::vector<std::string>& frames(bool options) {
  static const auto make = [](bool o) {
    const std::string symbol = o ? "underlying_symbol" : "symbol";
    std::vector<std::string> out{
        R"({"tick":{"ask":1451.6,"bid":1451.4,"epoch":1700000001,"id":"i","pip_size":2,"quote":1451.5,"symbol":"R_100"},"msg_type":"tick","echo_req":{"ticks":"R_100","req_id":3},"req_id":3,"subscription":{"id":"stream"}})",
        R"({"history":{"prices":[1.5,"2.25",3],"times":[1,2,3]},"pip_size":2,"msg_type":"history","req_id":4,"subscription":{"id":"stream"},"echo_req":{}})",
        R"({"buy":{"balance_after":9999.65,"buy_price":0.35,"contract_id":290738827928,"longcode":"l","payout":0.68,"purchase_time":1700000001,"shortcode":"DIGITODD_R_100_0.68_1700000001_1T","start_time":1700000001,"transaction_id":579255439748},"msg_type":"buy","req_id":5,"echo_req":{"buy":"1","parameters":{"amount":1}}})",
        R"({"sell":{"balance_after":1,"contract_id":5,"reference_id":6,"sold_for":1.25,"transaction_id":7},"msg_type":"sell","req_id":6,"echo_req":{}})",
        R"({"balance":{"balance":10000.5,"currency":"USD","loginid":"DOT1","id":"i"},"msg_type":"balance","subscription":{"id":"s"},"echo_req":{},"req_id":7})",
        R"({"proposal":{"id":"q","ask_price":"0.35","payout":0.68,"spot":1451.5,"spot_time":1,"date_start":1,"longcode":"l"},"msg_type":"proposal","req_id":8,"echo_req":{}})",
        R"({"authorize":{"loginid":"VRTC1","currency":"USD","is_virtual":1,"scopes":["read","trade"],"account_list":[{"loginid":"x"}]},"msg_type":"authorize","req_id":9,"echo_req":{}})",
        R"({"time":1700000001,"msg_type":"time","req_id":10,"echo_req":{"time":1}})",
        R"({"forget":1,"msg_type":"forget","req_id":11,"echo_req":{}})",
        R"({"profit_table":{"count":1,"transactions":[{"contract_id":5,"transaction_id":10,"contract_type":"CALL","underlying_symbol":"R_100","buy_price":2,"payout":3.91,"purchase_time":1700000000,"sell_price":0,"sell_time":1700000062,"shortcode":"CALL_R_100_x"}]},"msg_type":"profit_table","req_id":12,"echo_req":{}})",
        R"({"error":{"code":"RateLimit","message":"slow","details":{"field":"x"}},"msg_type":"buy","req_id":13,"echo_req":{"buy":"1"}})",
    };
    const auto with_symbol = [&](std::string text) {
      text.replace(text.find("SYM"), 3, symbol);
      out.push_back(std::move(text));
    };
    with_symbol(
        R"({"transaction":{"action":"buy","amount":-0.35,"balance":9999.65,"contract_id":5,"currency":"USD","transaction_id":10,"transaction_time":1700000001,"purchase_time":1700000001,"SYM":"R_100","id":"i"},"msg_type":"transaction","req_id":14,"subscription":{"id":"s"},"echo_req":{}})");
    with_symbol(
        R"({"portfolio":{"contracts":[{"contract_id":5,"transaction_id":10,"contract_type":"CALL","SYM":"R_100","buy_price":2,"payout":3.91,"purchase_time":1700000000,"shortcode":"CALL_R_100_x"}]},"msg_type":"portfolio","req_id":15,"echo_req":{}})");
    out.push_back(fmt::format(
        R"({{"active_symbols":[{{"{}":"R_100","{}":0.01,"market":"m"}}],"msg_type":"active_symbols","req_id":16,"echo_req":{{}}}})",
        symbol, o ? "pip_size" : "pip"));
    const auto& n = o ? kOptionsNames : kV3Names;
    out.push_back(fmt::format(
        R"({{"proposal_open_contract":{{"contract_id":5,"contract_type":"CALL","{}":"R_100","is_sold":1,"is_expired":1,"status":"won","buy_price":"2.00","payout":"3.91","sell_price":"3.91","profit":1.91,"bid_price":3.91,"purchase_time":1700000000,"date_expiry":1700000060,"sell_time":1700000062,"transaction_ids":{{"buy":10,"sell":11}},"{}":"1451.10","{}":1700000002,"{}":1452,"{}":1700000060,"shortcode":"CALL_R_100_x","tick_stream":[{{"epoch":1}}]}},"msg_type":"proposal_open_contract","req_id":17,"subscription":{{"id":"s"}},"echo_req":{{}}}})",
        n.contract_symbol, n.entry, n.entry_time, n.exit, n.exit_time));
    return out;
  };
  static const auto with_options = make(true);
  static const auto with_v3 = make(false);
  return options ? with_options : with_v3;
}

std::string show(const core::Decimal& d) { return d.to_string(); }
std::string show(core::Money m) { return m.to_string(); }
std::string show(core::VenueTime t) { return fmt::format("{}", t.s); }
std::string show(std::uint8_t n) { return fmt::format("{}", n); }
std::string show(const RawTick& t) { return fmt::format("{}@{}", show(t.quote), t.epoch.s); }
template <class T>
std::string show(const std::optional<T>& o) {
  return o ? show(*o) : "-";
}
std::string show(const execution::HistoryRow& r) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {}", r.contract.value, r.buy_tx.value, r.type,
                     r.symbol, show(r.buy_price), show(r.payout), show(r.purchase_time), r.open,
                     show(r.sell_price), show(r.sell_time), r.shortcode);
}
template <class T>
std::string show(const std::vector<T>& rows) {
  std::string out;
  for (const auto& row : rows) out += show(row) + ";";
  return out;
}

struct Show {
  std::string operator()(std::monostate) const { return "nothing"; }
  std::string operator()(const TickPayload& p) const {
    return fmt::format("{} {} {}", p.symbol, show(p.tick), show(p.decimals));
  }
  std::string operator()(const HistoryPayload& p) const { return show(p.ticks) + show(p.decimals); }
  std::string operator()(const CandlesPayload& p) const {
    std::string out;
    for (const auto& c : p.candles) {
      out += fmt::format("{} {} {} {} {};", show(c.epoch), show(c.open), show(c.high), show(c.low),
                         show(c.close));
    }
    return out + show(p.decimals);
  }
  std::string operator()(const AuthorizePayload& p) const {
    std::string out = fmt::format("{} {} {}", p.loginid, p.currency, p.is_virtual);
    for (const auto& scope : p.scopes) out += " " + scope.str();
    return out;
  }
  std::string operator()(const TimePayload& p) const { return show(p.time); }
  std::string operator()(const BalancePayload& p) const {
    return fmt::format("{} {} {}", show(p.balance), p.currency, p.loginid);
  }
  std::string operator()(const ActiveSymbolsPayload& p) const {
    std::string out;
    for (const auto& row : p.rows)
      out += fmt::format("{} {} {} {} {};", row.symbol.code, row.symbol.decimals, row.symbol.market,
                         row.is_open, row.is_suspended);
    return out;
  }
  std::string operator()(const OfferingsPayload& p) const {
    std::string out;
    for (const auto& o : p.offerings.offers) {
      out += fmt::format("{} {} {} {} {};", o.type, market::name_of(o.length),
                         o.shortest.to_string(), o.longest.to_string(), o.barriers);
    }
    return out;
  }
  std::string operator()(const OwnLimitsPayload& p) const {
    const auto& l = p.limits;
    const auto open = l.max_open ? std::to_string(*l.max_open) : "-";
    return fmt::format("{} {} {} {} {} {} {} {} {}", open, show(l.max_balance), show(l.day_loss),
                       show(l.week_loss), show(l.month_loss), show(l.day_turnover),
                       show(l.week_turnover), show(l.month_turnover), show(l.excluded_until));
  }
  std::string operator()(const TradingTimesPayload& p) const {
    std::string out;
    for (const auto& row : p.rows) {
      out += fmt::format("{} {} {} {};", row.symbol, fmt::join(row.day.open, ","),
                         fmt::join(row.day.close, ","), row.day.events.size());
    }
    return out;
  }
  std::string operator()(const ProposalPayload& p) const {
    return fmt::format("{} {} {}", p.id, show(p.ask), show(p.payout));
  }
  std::string operator()(const execution::Bought& p) const {
    return fmt::format("{} {} {} {} {} {} {}", p.contract.value, p.transaction.value,
                       show(p.buy_price), show(p.payout), show(p.purchase_time),
                       show(p.balance_after), p.shortcode);
  }
  std::string operator()(const SellPayload& p) const {
    return fmt::format("{} {}", p.contract.value, show(p.sold_for));
  }
  std::string operator()(const ContractPayload& p) const {
    if (!p.report) return "none";
    const auto& r = *p.report;
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", r.contract.value,
                       r.type, r.symbol, r.is_sold, r.is_expired, r.status, show(r.buy_price),
                       show(r.payout), show(r.sell_price), show(r.profit), show(r.bid_price),
                       show(r.purchase_time), show(r.expiry), show(r.sell_time), r.buy_tx.value,
                       r.sell_tx.value, show(p.entry), show(p.exit), r.shortcode);
  }
  std::string operator()(const TransactionPayload& p) const {
    if (!p.report) return "none";
    const auto& r = *p.report;
    return fmt::format("{} {} {} {} {} {} {} {}", static_cast<int>(r.action), r.contract.value,
                       r.transaction.value, show(r.amount), show(r.balance), show(r.time), r.symbol,
                       show(r.purchase_time));
  }
  std::string operator()(const PortfolioPayload& p) const { return show(p.rows); }
  std::string operator()(const ProfitTablePayload& p) const {
    return fmt::format("{}{}", show(p.rows), p.received);
  }
  std::string operator()(const ForgetPayload& p) const { return p.stopped ? "yes" : "no"; }
};

/// Everything that a frame says.
std::string say(const Frame& f) {
  return fmt::format("{} {} {} {} {} | {}", name_of(f.message), f.msg_type, f.req_id.value_or(-1),
                     f.stream, f.error ? f.error->code.str() + f.error->message.str() : "",
                     std::visit(Show{}, f.payload));
}

class DecoderProperty : public testing::TestWithParam<bool> {
 protected:
  /// "!" and the reason when refused.
  std::string decode(std::string text) {
    const auto size = text.size();
    text.append(64, '\xa5');  // nothing may be read into the meaning
    const auto whole = std::string_view(text).substr(0, size);
    const auto result = decoder.decode(whole, text.size(), reused);
    const auto said = result ? say(reused) : "!" + result.error().text;
    // Without room behind the frame there is no short way for a tick: both say the same of it.
    Frame frame;
    const auto long_way = decoder.decode(whole, size, frame);
    EXPECT_EQ(said, long_way ? say(frame) : "!" + long_way.error().text) << whole;
    return said;
  }
  Decoder decoder{GetParam() ? kOptionsNames : kV3Names};
  Frame reused;  // as the session's: what the frame before has left in it must not show
};

/// The same document with the keys of every object in another order and blanks anywhere.
void scramble(const json& value, Rng& rng, std::string& out) {
  const auto blank = [&] {
    for (auto n = rng.below(3); n > 0; --n) out += " \n\t\r"[rng.below(4)];
  };
  blank();
  if (value.is_object()) {
    std::vector<std::string> keys;
    for (const auto& [key, unused] : value.items()) keys.push_back(key);
    for (auto i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[rng.below(i)]);
    out += '{';
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) out += ',';
      blank();
      out += json(keys[i]).dump();
      blank();
      out += ':';
      scramble(value[keys[i]], rng, out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      scramble(value[i], rng, out);
    }
    out += ']';
  } else {
    out += value.dump();
  }
  blank();
}

TEST_P(DecoderProperty, TheOrderOfKeysSaysNothing) {
  Rng rng(11);
  for (const auto& frame : frames(GetParam())) {
    const auto said = decode(frame);
    ASSERT_NE(said[0], '!') << said << frame;
    const auto document = json::parse(frame);
    for (int i = 0; i < 300; ++i) {
      std::string text;
      scramble(document, rng, text);
      ASSERT_EQ(decode(text), said) << text;
    }
  }
}

TEST_P(DecoderProperty, EveryTruncationIsRefused) {
  for (const auto& frame : frames(GetParam())) {
    for (std::size_t n = 0; n < frame.size(); ++n) {
      ASSERT_EQ(decode(frame.substr(0, n))[0], '!') << frame.substr(0, n);
    }
  }
}

/// Calls visit(document with one value replaced, or removed when `with` is none, key).
template <class Visit>
void each_change(const json& document, const std::optional<json>& with, Visit&& visit) {
  const auto flat = document.flatten();
  for (const auto& [path, unused] : flat.items()) {
    auto changed = document;
    const json::json_pointer at(path);
    if (with) {
      changed[at] = *with;
    } else if (changed[at.parent_pointer()].is_object()) {
      changed[at.parent_pointer()].erase(at.back());
    } else {
      continue;
    }
    visit(changed, path);
  }
}

TEST_P(DecoderProperty, AValueOfTheWrongTypeIsRefusedOrWasNeverRead) {
  for (const auto& frame : frames(GetParam())) {
    const auto said = decode(frame);
    for (const json& wrong : {json(true), json::object(), json::array({json::object()})}) {
      each_change(json::parse(frame), wrong, [&](const json& changed, const std::string& path) {
        const auto got = decode(changed.dump());
        // A row of a history costs itself alone, and is told: never read as something else.
        if (path.starts_with("/history/prices/") || path.starts_with("/history/times/")) {
          ASSERT_LT(got.size(), said.size()) << path << ": " << got << "\n" << said;
          return;
        }
        ASSERT_TRUE(got[0] == '!' || got == said) << path << ": " << got << "\n" << said;
      });
    }
  }
}

TEST_P(DecoderProperty, NullIsRefusedOrTheSameAsAbsent) {
  for (const auto& frame : frames(GetParam())) {
    const auto document = json::parse(frame);
    each_change(document, json(), [&](const json& changed, const std::string& path) {
      const auto got = decode(changed.dump());
      if (got[0] == '!') return;
      auto absent = document;
      const json::json_pointer at(path);
      if (!absent[at.parent_pointer()].is_object()) return;
      absent[at.parent_pointer()].erase(at.back());
      const auto expected = decode(absent.dump());
      // A row whose contract_id is null is no contract; without the key it is nothing at all.
      if (path.ends_with("contract_id") && expected[0] == '!') return;
      ASSERT_EQ(got, expected) << path;
    });
  }
}

TEST_P(DecoderProperty, AnAbsentFieldNeverShowsAsZero) {
  for (const auto& frame : frames(GetParam())) {
    const auto said = decode(frame);
    each_change(json::parse(frame), {}, [&](const json& changed, const std::string& path) {
      const auto got = decode(changed.dump());
      if (got[0] == '!' || got == said) return;
      if (path == "/transaction/purchase_time") return;  // optional in the report, too
      // What changed must now read as absent: the words of the two differ only by "-", "" or, for
      // what is derived, by the shortcode.
      for (const auto* field : {"contract_id", "buy_price", "purchase_time", "quote", "epoch",
                                "amount", "balance", "ask_price", "sold_for", "currency", "loginid",
                                "prices", "times", "code", "action", "balance_after"}) {
        ASSERT_FALSE(path.ends_with(fmt::format("/{}", field)) &&
                     path.find("echo_req") == std::string::npos &&
                     path.find("open_contract") == std::string::npos)
            << path << ": " << got;
      }
    });
  }
}

TEST_P(DecoderProperty, ChangedBytesNeverCrashAndTheVerdictIsSteady) {
  Rng rng(23);
  std::size_t refused = 0;
  for (const auto& frame : frames(GetParam())) {
    for (int i = 0; i < 1500; ++i) {
      auto text = frame;
      for (auto n = 1 + rng.below(4); n > 0; --n) {
        const auto at = rng.below(text.size());
        switch (rng.below(4)) {
          case 0:
            text[at] = static_cast<char>(rng.below(256));
            break;
          case 1:
            text.erase(at, 1 + rng.below(5));
            break;
          case 2:
            text.insert(at, 1, "{}[]\",:0-9.e\\"[rng.below(13)]);
            break;
          default:
            text.insert(at, text.substr(rng.below(text.size()), rng.below(20)));
            break;
        }
        if (text.empty()) text = "x";
      }
      const auto got = decode(text);
      ASSERT_EQ(got, decode(text)) << text;
      refused += got[0] == '!';
    }
  }
  EXPECT_GT(refused, 5'000U);
}

/// A tick of parts that are right, at a bound, or wrong, in any order and number.
std::string assembled(Rng& rng) {
  const auto one_of = [&](const std::vector<std::string>& choices) {
    // Most parts are right, so that many a whole is.
    return choices[rng.below(8) == 0 ? rng.below(choices.size()) : 0];
  };
  const auto object = [&](std::vector<std::string> fields) {
    for (auto i = fields.size(); i > 1; --i) std::swap(fields[i - 1], fields[rng.below(i)]);
    if (rng.below(40) == 0) fields.pop_back();
    if (rng.below(40) == 0) fields.push_back(fields[rng.below(fields.size())]);
    std::string out;
    for (const auto& field : fields) out += (out.empty() ? "{" : ",") + field;
    return (out.empty() ? "{" : out) + "}";
  };
  const auto number = [&] {
    std::string out = rng.below(60) == 0 ? "-" : "";
    for (auto n = rng.below(60) == 0 ? 16 + rng.below(5) : 1 + rng.below(6); n > 0; --n) {
      out += static_cast<char>('0' + rng.below(10));
    }
    if (rng.below(3) > 0) out += "." + std::to_string(rng.below(100'000));
    return out;
  };
  std::string name;
  for (auto n = rng.below(34); n > 0; --n) name += "aZ_1 .:{}"[rng.below(9)];
  if (rng.below(40) == 0) name += "\\\"\n\x7f\xc3\xa4\xff"[rng.below(7)];
  const auto tick = object({
      R"("quote":)" + one_of({number(), "\"1.5\"", "null", "1e2", "01", "0.10"}),
      R"("epoch":)" + one_of({"1700000001", "9999999999", "10000000000", "1.0", "\"5\"", "0"}),
      R"("symbol":")" + name + "\"",
      R"("pip_size":)" + one_of({"2", "12", "13", "0", "2.0", "\"2\"", "null"}),
      R"("ask":)" + one_of({number(), "true", "[]", "{}", "\"x\"", "-0", "-"}),
      R"("id":)" + one_of({"\"i\"", "1", "null", "\"\\u0041\""}),
  });
  return object({
      R"("tick":)" + one_of({tick, "[]", "{}", "1"}),
      R"("msg_type":)" + one_of({"\"tick\"", "\"ticks\"", "\"buy\"", "1"}),
      R"("req_id":)" + one_of({"3", "0", "-3", "1.0", "\"3\"", "9223372036854775808", "null"}),
      R"("subscription":)" + one_of({R"({"id":"stream"})", R"({"id":7})", R"({"x":1})", "1",
                                     R"({"id":"a","id":"b"})"}),
      R"("echo_req":)" + one_of({R"({"ticks":"R_100","req_id":9})", "{}", R"({"a":[1,{"b":2}]})"}),
  });
}

TEST_P(DecoderProperty, ATickSaysTheSameByItsShortAndItsLongWay) {
  Rng rng(31);
  int taken = 0;
  int read = 0;
  for (int i = 0; i < 30'000; ++i) {
    auto text = assembled(rng);
    read += decode(text)[0] != '!';  // which compares
    const auto size = text.size();
    text.append(kQuickTickPadding, '"');
    Frame frame;
    taken += read_quick_tick(std::string_view(text).substr(0, size), frame);
  }
  EXPECT_GT(taken, 3'000);
  EXPECT_LT(taken, read);
}

INSTANTIATE_TEST_SUITE_P(Dialects, DecoderProperty, testing::Bool(),
                         [](const auto& p) { return p.param ? "options" : "v3"; });

}  // namespace
}  // namespace derivd::deriv
