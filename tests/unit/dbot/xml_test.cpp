#include "dbot/xml.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dbot/source.hpp"

namespace derivd::dbot {
namespace {

std::string repeated(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

TEST(Xml, KnowsTheLineOfEveryElement) {
  const auto read = parse_xml(
      "<xml>\n <block type=\"a\">\n  <field name=\"F\">x &amp; y</field>\n"
      " </block>\n</xml>");
  const auto& tree = std::get<XmlTree>(read);
  ASSERT_EQ(tree.size(), 3U);
  EXPECT_EQ(tree[1].line, 2);
  EXPECT_EQ(tree[1].attribute("type"), "a");
  EXPECT_EQ(tree[2].line, 3);
  EXPECT_EQ(tree[2].text, "x & y");
  EXPECT_EQ(tree[2].parent, 1);
}

TEST(Xml, TakesAnyNameSpaceAndAMark) {
  const auto read =
      parse_xml("\xef\xbb\xbf<b:xml xmlns:b=\"urn:x\"><b:block b:type=\"a\"/></b:xml>");
  const auto& tree = std::get<XmlTree>(read);
  EXPECT_EQ(tree[1].name, "block");
  EXPECT_EQ(tree[1].attribute("type"), "a");
}

TEST(Xml, RefusesWithTheLine) {
  const auto line_of = [](const std::string& text) {
    const auto read = parse_xml(text);
    const auto* problem = std::get_if<Problem>(&read);
    return problem == nullptr ? -1 : problem->line;
  };
  EXPECT_EQ(line_of("<xml>\n<block>\n</xml>"), 3);
  EXPECT_EQ(line_of("<xml>\n&nbsp;</xml>"), 2);
  EXPECT_EQ(line_of("<xml/>\n<xml/>"), 2);
  EXPECT_EQ(line_of(""), 1);
  EXPECT_EQ(line_of("no xml"), 1);
  EXPECT_EQ(line_of("<xml a=\"1\" a=\"2\"/>"), 1);
  EXPECT_EQ(line_of(std::string("<xml>\n\0</xml>", 14)), 2);
}

TEST(Xml, RefusesDeclarationsOfEntities) {
  for (const std::string text :
       {"<!DOCTYPE xml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><xml>&b;</xml>",
        "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml/>",
        "<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml>&a;</xml>"}) {
    const auto read = parse_xml(text);
    const auto* problem = std::get_if<Problem>(&read);
    ASSERT_NE(problem, nullptr) << text;
    EXPECT_NE(problem->text.find("declared"), std::string::npos) << problem->text;
  }
}

TEST(Xml, IsBounded) {
  const auto refused = [](const std::string& text) {
    const auto read = parse_xml(text);
    return std::holds_alternative<Problem>(read);
  };
  EXPECT_TRUE(refused(std::string(kMaxXmlBytes + 1, ' ')));
  EXPECT_TRUE(refused(repeated("<a>", kMaxXmlDepth + 1)));
  EXPECT_TRUE(refused("<a>" + repeated("<b/>", kMaxXmlElements) + "</a>"));
  EXPECT_FALSE(refused("<a>" + repeated("<b>", 1000) + repeated("</b>", 1000) + "</a>"));
}

TEST(Source, TellsElementsThatMeanNothing) {
  const auto read =
      read_source("<xml><block type=\"a\"><nexts><block type=\"b\"/></nexts></block></xml>");
  const auto& source = std::get<Source>(read);
  ASSERT_EQ(source.problems.size(), 2U);
  EXPECT_EQ(source.problems[0].text, "an element <nexts> is not known");
  EXPECT_EQ(source.problems[1].block, "b");
}

TEST(Source, RefusesASecondBlockInOnePlace) {
  const auto read = read_source(
      "<xml><block type=\"a\"><statement name=\"S\"><block type=\"b\"/><block "
      "type=\"c\"/></statement>"
      "</block></xml>");
  const auto& source = std::get<Source>(read);
  ASSERT_EQ(source.problems.size(), 1U);
  EXPECT_EQ(source.problems[0].block, "c");
}

TEST(Source, OrdersTopBlocksByTheirPlace) {
  const auto read = read_source(
      "<xml><block type=\"a\" y=\"20\"/><block type=\"b\" y=\"10\" x=\"5\"/>"
      "<block type=\"c\" y=\"10\" x=\"1\"/></xml>");
  const auto& source = std::get<Source>(read);
  std::string order;
  for (const int i : source.tops) order += source.at(i).type;
  EXPECT_EQ(order, "cba");
}

TEST(Source, NeedsABlock) { EXPECT_TRUE(std::holds_alternative<Problem>(read_source("<xml/>"))); }

TEST(Problems, AreOneLine) {
  EXPECT_EQ(format({7, "t", "why"}, "f.xml"), "f.xml:7: block t: why");
  EXPECT_EQ(format({7, {}, "why"}, "f.xml"), "f.xml:7: why");
  EXPECT_EQ(format({0, {}, "why"}, "f.xml"), "f.xml: why");
  EXPECT_EQ(format({7, "t\n\x1b", "w\ny"}, "f.xml"), "f.xml:7: block t??: w?y");
}

}  // namespace
}  // namespace derivd::dbot
