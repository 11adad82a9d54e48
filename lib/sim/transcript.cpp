#include "sim/transcript.hpp"

#include "sim/json.hpp"

namespace derivd::sim {
namespace {

void hide(std::string& text, std::string_view secret, std::string_view with) {
  for (std::size_t at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + with.size()))
    text.replace(at, secret.size(), with);
}

}  // namespace

void Transcript::note(std::string_view dir, std::string_view dialect, std::uint64_t conn,
                      std::string_view text) const {
  if (!sink_) return;
  std::string shown(text);
  for (const auto& g : accounts_.grants()) hide(shown, g->token.token, "<token>");
  passwords_.each([&](std::string_view password) { hide(shown, password, "<otp>"); });
  if (!Json::parse(shown)) shown = sim::quoted(shown);
  JsonOut out;
  out.begin_object().text("dir", dir).text("dialect", dialect);
  out.integer("conn", static_cast<std::int64_t>(conn)).raw("frame", shown);
  sink_(out.end_object().str());
}

}  // namespace derivd::sim
