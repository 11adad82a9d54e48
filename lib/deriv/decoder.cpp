#include "deriv/decoder.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "core/check.hpp"
#include "deriv/json.hpp"
#include "deriv/payloads.hpp"
#include "deriv/quick_tick.hpp"

namespace derivd::deriv {
namespace {

using core::Result;
using json::bad;
using json::broken;
using json::each_field;
using json::read;
using json::Status;
using json::Value;

// Frames of a steady session stay below this; larger ones (symbols, reports) grow the parser once.
constexpr std::size_t kFirstCapacity = std::size_t{64} * 1024;

struct PayloadKey {
  std::string_view key;
  Message message;
};
constexpr std::array kPayloadKeys{
    PayloadKey{"tick", Message::kTick},
    PayloadKey{"proposal_open_contract", Message::kContract},
    PayloadKey{"buy", Message::kBuy},
    PayloadKey{"transaction", Message::kTransaction},
    PayloadKey{"balance", Message::kBalance},
    PayloadKey{"history", Message::kHistory},
    PayloadKey{"candles", Message::kCandles},
    PayloadKey{"proposal", Message::kProposal},
    PayloadKey{"ping", Message::kPing},
    PayloadKey{"time", Message::kTime},
    PayloadKey{"portfolio", Message::kPortfolio},
    PayloadKey{"profit_table", Message::kProfitTable},
    PayloadKey{"sell", Message::kSell},
    PayloadKey{"cancel", Message::kCancel},
    PayloadKey{"forget", Message::kForget},
    PayloadKey{"active_symbols", Message::kActiveSymbols},
    PayloadKey{"authorize", Message::kAuthorize},
    PayloadKey{"contracts_for", Message::kOfferings},
    PayloadKey{"trading_times", Message::kTradingTimes},
    PayloadKey{"get_self_exclusion", Message::kOwnLimits},
};

const PayloadKey* find_payload(std::string_view key) {
  for (const auto& entry : kPayloadKeys) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

/// What the forward pass over the top level has found.
struct Pass {
  const WireNames& names;
  json::Amounts money;
  Frame& out;
  std::optional<std::string_view> msg_type;
  std::optional<std::uint8_t> decimals;
  bool payload = false;
  Status first_error{};    // of anything but a payload
  Status payload_error{};  // kept until it is known whether the frame is an error

  Status take(std::string_view key, Value v);
  Status take_payload(Message message, Value v);
  Status take_stream(Value v);
  Status finish();
};

Status Pass::take_stream(Value v) {
  std::optional<StreamId> id;
  DERIV_TRY(each_field(v, "subscription", [&](std::string_view key, Value item) -> Status {
    return key == "id" ? read(item, "subscription.id", id) : Status{};
  }));
  if (id) out.stream = *id;
  return {};
}

Status Pass::take_payload(Message message, Value v) {
  if (payload) return bad(name_of(message), "is a second payload of one frame");
  payload = true;
  out.message = message;
  payload_error = decode_payload(message, v, names, money, out.payload);
  return {};
}

Status Pass::take(std::string_view key, Value v) {
  if (key == "echo_req" || key == "passthrough") return {};
  if (key == "req_id") return read(v, "req_id", out.req_id);
  if (key == "msg_type") return read(v, "msg_type", msg_type);
  if (key == "subscription") return take_stream(v);
  if (key == "error") return decode_error(v, out.error);
  if (key == "pip_size") return read_decimals(v, "pip_size", decimals);
  if (const auto* found = find_payload(key)) return take_payload(found->message, v);
  return {};
}

Status Pass::finish() {
  if (msg_type) out.msg_type = json::to_show<48>(*msg_type);
  if (!first_error) return first_error;
  // Refused or bought? Neither is proven.
  if (out.error && payload && out.message == Message::kBuy) {
    return bad("buy", "comes together with an error");
  }
  if (out.error) {  // it may come with the payload of the failed call, which is then half empty
    out.payload.emplace<std::monostate>();
    return {};
  }
  if (!payload_error) return payload_error;
  if (!payload) {
    if (!msg_type) return bad("frame", "has no message that is known");
    if (find_payload(*msg_type)) return bad(*msg_type, "is missing");
    out.message = Message::kOther;
    return {};
  }
  // Required by every response schema but that of proposal_open_contract.
  if (!msg_type) {
    if (out.message != Message::kContract) return bad("msg_type", "is missing");
  } else if (const auto* named = find_payload(*msg_type); !named || named->message != out.message) {
    return bad("msg_type", fmt::format("does not fit the payload {}", name_of(out.message)));
  }
  if (auto* history = std::get_if<HistoryPayload>(&out.payload)) history->decimals = decimals;
  if (auto* candles = std::get_if<CandlesPayload>(&out.payload)) candles->decimals = decimals;
  return {};
}

}  // namespace

std::string_view name_of(Message message) {
  for (const auto& entry : kPayloadKeys) {
    if (entry.message == message) return entry.key;
  }
  return "other";
}

struct Decoder::Impl {
  explicit Impl(const WireNames& n) : names(n) {
    const auto failed = parser.allocate(kFirstCapacity);
    DERIVD_CHECK(!failed, "no memory for the parser");
  }

  const WireNames& names;
  json::Amounts money;
  json::ondemand::parser parser;
  std::string copy;  // for frames whose buffer is too short to read beyond

  Status decode(std::string_view frame, std::size_t capacity, Frame& out);
  Status pass(json::ondemand::document& document, Frame& out);
  Status echoed_req_id(json::ondemand::document& document, Frame& out);
};

Status Decoder::Impl::echoed_req_id(json::ondemand::document& document, Frame& out) {
  document.rewind();
  json::ondemand::object object;
  if (const auto e = document.get_object().get(object)) return broken("frame", e);
  return each_field(object, "frame", [&](std::string_view key, Value v) -> Status {
    if (key != "echo_req") return {};
    return each_field(v, "echo_req", [&](std::string_view inner, Value item) -> Status {
      return inner == "req_id" ? read(item, "echo_req.req_id", out.req_id) : Status{};
    });
  });
}

Status Decoder::Impl::pass(json::ondemand::document& document, Frame& out) {
  json::ondemand::object object;
  if (const auto e = document.get_object().get(object)) return broken("frame", e);
  Pass pass{names, money, out, {}, {}, false, {}, {}};
  DERIV_TRY(each_field(object, "frame", [&](std::string_view key, Value v) -> Status {
    // A field in error does not end the pass: req_id may still come, and it tells whose answer
    // could not be understood. A broken document ends it by itself.
    if (auto s = pass.take(key, v); !s && pass.first_error) pass.first_error = s;
    return {};
  }));
  if (!json::at_end(document)) return bad("frame", "has text after its end");
  DERIV_TRY(pass.finish());
  if (!out.req_id) DERIV_TRY(echoed_req_id(document, out));
  return {};
}

Decoder::Decoder(const WireNames& names) : impl_(std::make_unique<Impl>(names)) {}
Decoder::~Decoder() = default;

void Decoder::set_money_decimals(std::uint8_t decimals) { impl_->money.decimals = decimals; }

Result<void> Decoder::decode(std::string_view frame, std::size_t capacity, Frame& out) {
  if (capacity >= frame.size() + kQuickTickPadding && read_quick_tick(frame, out)) return {};
  return impl_->decode(frame, capacity, out);
}

Result<void> Decoder::Impl::decode(std::string_view frame, std::size_t capacity, Frame& out) {
  out = Frame{};
  if (capacity < frame.size() + simdjson::SIMDJSON_PADDING) {
    copy.reserve(frame.size() + simdjson::SIMDJSON_PADDING);
    copy.assign(frame);
    frame = copy;
    capacity = copy.capacity();
  }
  json::ondemand::document document;
  const simdjson::padded_string_view view(frame.data(), frame.size(), capacity);
  if (const auto e = parser.iterate(view).get(document)) return broken("frame", e);
  return pass(document, out);
}

}  // namespace derivd::deriv
