// Each type of the table of blocks in a small program of our own, with what must come of it. The
// expected texts are worked out by hand from semantics.md, sections 11 to 13; a type without a case
// fails.
#include "unit/dbot/block_cases.hpp"

#include <gtest/gtest.h>

#include <set>

#include "dbot/block_table.hpp"

namespace derivd::dbot::test {
namespace {

BlockCases all_cases() {
  BlockCases out;
  for (const auto& part :
       {cases_of_structure(), cases_of_values(), cases_of_indicators(), cases_of_flow(),
        cases_of_tools(), cases_of_binary_bot(), cases_of_vendors()}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

TEST(BlockCases, EachBlockDoesWhatItsMeaningSays) {
  for (const auto& c : all_cases()) {
    SCOPED_TRACE(c.type);
    EXPECT_NE(c.xml.find("type=\"" + c.type + "\""), std::string::npos)
        << "the case's program has no such block";
    Rig rig(c.xml, c.settings);
    if (!rig.loaded()) continue;  // told by the rig
    EXPECT_EQ(c.see(rig), c.expected) << c.xml;
  }
}

TEST(BlockCases, EachTypeOfTheTableHasOne) {
  std::set<std::string, std::less<>> cased;
  for (const auto& c : all_cases()) {
    cased.insert(c.type);
    EXPECT_NE(find_block_type(c.type), nullptr) << c.type << " is not in the table";
  }
  for (const auto& type : block_types()) {
    EXPECT_TRUE(cased.contains(type.name)) << type.name << " has no case";
  }
}

}  // namespace
}  // namespace derivd::dbot::test
