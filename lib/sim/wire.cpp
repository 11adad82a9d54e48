#include "sim/wire.hpp"

#include <stdexcept>

namespace derivd::sim {

void throw_exception_from_error(const WireError& e, const boost::source_location&) {
  throw std::runtime_error(e.code + ": " + e.message);
}

Envelope envelope_of(const Json& request, std::string_view hide) {
  Envelope e;
  if (!hide.empty()) {
    Json copy = request;
    copy.set(std::string(hide), Json::string("<not shown>"));
    e.echo = copy.dump();
  } else {
    e.echo = request.dump();
  }
  if (const Json* id = request.find("req_id"); id != nullptr && id->as_int()) e.req_id = id->dump();
  if (const Json* pass = request.find("passthrough"); pass != nullptr && pass->is_object())
    e.passthrough = pass->dump();
  return e;
}

namespace {

void finish(JsonOut& out, const Envelope& e) {
  if (!e.passthrough.empty()) out.raw("passthrough", e.passthrough);
  if (!e.req_id.empty()) out.raw("req_id", e.req_id);
}

}  // namespace

std::string frame(const Envelope& e, std::string_view msg_type, std::string_view key,
                  std::string_view payload, std::string_view subscription) {
  JsonOut out;
  out.begin_object().raw("echo_req", e.echo).text("msg_type", msg_type);
  finish(out, e);
  if (!subscription.empty())
    out.key("subscription").begin_object().text("id", subscription).end_object();
  out.raw(key, payload);
  return out.end_object().take();
}

std::string error_frame(const Envelope& e, std::string_view msg_type, const WireError& error,
                        Dialect dialect) {
  JsonOut out;
  out.begin_object().raw("echo_req", e.echo).key("error").begin_object();
  out.text("code", error.code);
  if (!error.details.empty())
    out.raw("details", error.details);
  else if (!error.field.empty())
    out.key("details").begin_object().text("field", error.field).end_object();
  out.text("message", error.message);
  if (dialect == Dialect::kOptions && !error.subcode.empty()) out.text("subcode", error.subcode);
  out.end_object().text("msg_type", msg_type);
  finish(out, e);
  return out.end_object().take();
}

}  // namespace derivd::sim
