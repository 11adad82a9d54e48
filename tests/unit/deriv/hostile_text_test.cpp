// Texts of a venue that was taken over: what they are shown as, and where they are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/printable.hpp"
#include "deriv/decoder.hpp"
#include "deriv/rest.hpp"
#include "deriv/saved_contract.hpp"

namespace derivd::deriv {
namespace {

using ::testing::HasSubstr;

constexpr const char* kEvil = R"(\u001b]0;x\u0007\u009b31m\u202e\u2066\n)";

std::string with(std::string text) {
  const auto at = text.find('%');
  return at == std::string::npos ? text : text.replace(at, 1, kEvil);
}

core::Result<void> decode(const std::string& text, Frame& out) {
  Decoder decoder(kV3Names);
  return decoder.decode(text, text.size(), out);
}

TEST(HostileText, AnErrorIsCleanedWhereItIsRead) {
  Frame frame;
  ASSERT_TRUE(
      decode(with(R"({"msg_type":"buy","req_id":1,"error":{"code":"%","message":"m"}})"), frame));
  EXPECT_EQ(frame.error->code, "?]0;x??31m???");
  ASSERT_TRUE(decode(
      with(R"({"msg_type":"%","req_id":1,"error":{"code":"c","subcode":"s","message":"m"}})"),
      frame));
  EXPECT_EQ(frame.msg_type, "?]0;x??31m???");
  ASSERT_TRUE(
      decode(with(R"({"msg_type":"buy","req_id":1,"error":{"code":"c","message":"%"}})"), frame));
  EXPECT_EQ(frame.error->message, "?]0;x??31m???");
  const auto refusal = rest::decode_refusal(with(R"({"errors":[{"code":"%","message":"m"}]})"));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, "?]0;x??31m???");
  // Cut between characters.
  std::string euros = R"({"msg_type":"buy","req_id":1,"error":{"message":"m","code":")";
  for (int i = 0; i < 40; ++i) euros += "€";
  ASSERT_TRUE(decode(euros + "\"}}", frame));
  EXPECT_EQ(frame.error->code.view().size(), 63u);
  EXPECT_TRUE(core::is_printable(frame.error->code));
}

TEST(HostileText, ANameOfAnAccountHasNone) {
  EXPECT_TRUE(rest::decode_accounts(
      R"({"data":[{"account_id":"DOT1","account_type":"demo","balance":"1.00","currency":"USD","status":"active"}]})"));
  const auto accounts = rest::decode_accounts(with(
      R"({"data":[{"account_id":"%","account_type":"demo","balance":"1.00","currency":"USD","status":"active"}]})"));
  ASSERT_FALSE(accounts);
  EXPECT_THAT(accounts.error().text, HasSubstr("control characters"));
  Frame frame;
  const std::string authorize =
      R"({"msg_type":"authorize","req_id":1,"authorize":{"loginid":"VRTC1","currency":"USD",)"
      R"("balance":1,"is_virtual":1,"scopes":["read","%"]}})";
  const auto scopes = decode(with(authorize), frame);
  ASSERT_FALSE(scopes);
  EXPECT_THAT(scopes.error().text, HasSubstr("control characters"));
  auto good = authorize;
  good.replace(good.find('%'), 1, "trade");
  EXPECT_TRUE(decode(good, frame));
}

TEST(HostileText, ASavedContractSaysNothingThatSteers) {
  for (const std::string text :
       {R"({"contract_type":"%","underlying":"R_100"})",
        R"({"contract_type":"CALL","underlying":"%"})", R"({"shortcode":"%"})",
        R"({"longcode":"%"})", R"({"status":"%","contract_type":"CALL"})"}) {
    const auto saved = read_saved_contract(with(text));
    ASSERT_FALSE(saved) << text;
    EXPECT_TRUE(core::is_printable(saved.error().text)) << saved.error().text;
  }
}

}  // namespace
}  // namespace derivd::deriv
