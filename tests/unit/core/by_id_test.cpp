#include "core/by_id.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "core/ids.hpp"

namespace derivd::core {
namespace {

using Table = ById<OrderId, std::unique_ptr<int>>;

TEST(ByIdTest, IsWhatAnOrderedMapIsWhateverTheOrderOfIds) {
  std::mt19937 random(1129);
  Table table;
  std::map<std::int64_t, int> expected;
  for (int step = 0; step < 20'000; ++step) {
    const auto id = static_cast<std::int64_t>(random() % 40) + 1;
    switch (random() % 4) {
      case 0:
        EXPECT_EQ(*table.set({id}, std::make_unique<int>(step)), step);
        expected[id] = step;
        break;
      case 1:
        EXPECT_EQ(table.erase({id}), expected.erase(id) == 1) << id;
        break;
      case 2: {
        auto& value = table[{id}];
        EXPECT_EQ(value != nullptr, expected.contains(id)) << id;
        if (!value) value = std::make_unique<int>(-step);
        expected.try_emplace(id, -step);
        break;
      }
      default:
        ASSERT_EQ(table.contains({id}), expected.contains(id)) << id;
        if (expected.contains(id)) {
          EXPECT_EQ(*table.at({id}), expected.at(id));
        }
    }
    ASSERT_EQ(table.size(), expected.size());
    auto it = expected.begin();
    for (const auto& [key, value] : table) {
      ASSERT_EQ(key.value, it->first);
      ASSERT_EQ(*value, it->second);
      ++it;
    }
  }
}

TEST(ByIdTest, WhatIsReservedIsEnteredWithoutTheHeap) {
  ById<OrderId, int> table;
  table.reserve(8);
  const auto* first = &table.set({1}, 1);
  for (std::int64_t id = 2; id <= 8; ++id) table.set({id}, 1);
  EXPECT_EQ(table.capacity(), 8U);
  EXPECT_EQ(first, &table.at({1}));
}

TEST(ByIdDeathTest, WhatIsNotThereIsABug) {
  ById<OrderId, int> table;
  table.set({3}, 1);
  EXPECT_DEATH(table.at({2}), "not there");
}

}  // namespace
}  // namespace derivd::core
