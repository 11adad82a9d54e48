// The loop around the venue, over real TLS sockets on loopback.
#include "sim/server.hpp"

#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

class Client final : public net::WebSocketHandler {
 public:
  void on_open() override { open = true; }
  void on_frame(std::string_view frame, std::size_t) override {
    frames.push_back(json::parse(frame));
  }
  void on_closed(const net::LinkError& e) override {
    closed = true;
    error = e;
  }
  bool open = false;
  bool closed = false;
  net::LinkError error;
  std::vector<json> frames;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("derivsim-test-" + std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);  // of an earlier process with this number
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override {
    sockets_.clear();
    server_.reset();
    std::filesystem::remove_all(dir_);
  }
  void start(std::optional<double> speed, bool wait = false, Venue::Options o = Sim::defaults()) {
    venue_ = std::make_unique<Venue>(std::move(o));
    Server::Options options;
    options.tls_dir = (dir_ / "tls").string();
    options.speed = speed;
    options.start = {kStart};
    options.wait_for_client = wait;
    options.control = (dir_ / "control").string();
    server_ = std::make_unique<Server>(io_, std::move(options), *venue_);
    const auto ok = server_->start();
    ASSERT_TRUE(ok) << ok.error().text;
    ready_ = json::parse(server_->ready_line());
  }
  template <class Done>
  bool run_until(Done done, std::chrono::milliseconds most = 60s) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!done() && std::chrono::steady_clock::now() < end) io_.run_one_for(20ms);
    return done();
  }
  net::WebSocket& connect(Client& client, const std::string& url) {
    sockets_.push_back(net::connect(io_, *net::Url::parse(url),
                                    net::TlsSettings{ready_["ca_file"].get<std::string>()}, {},
                                    client));
    return *sockets_.back();
  }
  json control(const std::string& line) {
    asio::local::stream_protocol::socket s(io_);
    s.connect((dir_ / "control").string());
    asio::write(s, asio::buffer(line + "\n"));
    std::string answer;
    bool done = false;
    asio::async_read_until(s, asio::dynamic_buffer(answer), '\n',
                           [&](boost::system::error_code, std::size_t) { done = true; });
    EXPECT_TRUE(run_until([&] { return done; }));
    return json::parse(answer);
  }

  std::filesystem::path dir_;
  asio::io_context io_;
  std::unique_ptr<Venue> venue_;
  std::unique_ptr<Server> server_;
  json ready_;
  std::vector<std::unique_ptr<net::WebSocket>> sockets_;
};

TEST_F(ServerTest, ServesBothDialectsAndRestAtOnce) {
  start(50);
  EXPECT_EQ(ready_["ready"], true);
  Client v3, open;
  auto& socket = connect(v3, ready_["v3"].get<std::string>() + "?app_id=1089");
  connect(open, ready_["public"]);
  ASSERT_TRUE(run_until([&] { return v3.open && open.open; }));
  socket.send(R"({"ticks":"1HZ100V","subscribe":1})");
  ASSERT_TRUE(run_until([&] { return v3.frames.size() >= 20; }));
  std::int64_t last = 0;
  for (const auto& f : v3.frames) {
    EXPECT_GT(f["tick"]["epoch"].get<std::int64_t>(), last);
    last = f["tick"]["epoch"];
  }
  net::HttpRequest request{
      "GET",
      *net::Url::parse(ready_["rest"].get<std::string>() + "/trading/v1/options/accounts"),
      {{"Authorization", "Bearer pat_demo"}, {"Deriv-App-ID", "1"}},
      ""};
  int status = 0;
  const auto exchange =
      net::fetch(io_, std::move(request), net::TlsSettings{ready_["ca_file"].get<std::string>()},
                 {}, [&](const auto& r) { status = r ? r->status : -1; });
  ASSERT_TRUE(run_until([&] { return status != 0; }));
  EXPECT_EQ(status, 200);
}

TEST_F(ServerTest, RefusesUpgradesWithTheVenuesAnswer) {
  start(1);
  Client c;
  auto url = ready_["public"].get<std::string>();
  url.replace(url.find("public"), 6, "demo");
  connect(c, url);
  ASSERT_TRUE(run_until([&] { return c.closed; }));
  EXPECT_EQ(c.error.http_status, 400);
  EXPECT_NE(c.error.http_body.find("OTP parameter is required"), std::string::npos);
}

TEST_F(ServerTest, TimeRunsWithTheGivenSpeed) {
  const auto began = std::chrono::steady_clock::now();
  start(1000);
  ASSERT_TRUE(run_until([&] { return venue_->time().s >= kStart + 300; }));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, 250ms);  // 300 venue seconds are 0.3 s
}

TEST_F(ServerTest, TimeWaitsForTheFirstSubscription) {
  start(100, true);
  Client c;
  auto& socket = connect(c, ready_["public"]);
  ASSERT_TRUE(run_until([&] { return c.open; }));
  run_until([] { return false; }, 100ms);
  EXPECT_EQ(venue_->time().s, kStart);
  socket.send(R"({"ticks":"1HZ100V","subscribe":1})");
  ASSERT_TRUE(run_until([&] { return c.frames.size() >= 5; }));
  EXPECT_EQ(c.frames[0]["tick"]["epoch"], kStart);
  EXPECT_EQ(c.frames[1]["tick"]["epoch"], kStart + 1);
}

TEST_F(ServerTest, WithoutASpeedTimeRunsAsFastAsItIsTaken) {
  auto o = Sim::defaults();
  o.gbm = false;
  o.replays = {replay("R_100", kStart, std::vector<std::int64_t>(2000, 34'001), 2)};
  start(std::nullopt, false, std::move(o));
  Client c;
  auto& socket = connect(c, ready_["public"]);
  ASSERT_TRUE(run_until([&] { return c.open; }));
  run_until([] { return false; }, 50ms);
  EXPECT_EQ(venue_->time().s, kStart);  // nobody takes anything yet
  socket.send(R"({"ticks":"R_100","subscribe":1})");
  ASSERT_TRUE(run_until([&] { return c.frames.size() == 2000; }));
  for (std::size_t i = 0; i < c.frames.size(); ++i)
    ASSERT_EQ(c.frames[i]["tick"]["epoch"], kStart + 2 * static_cast<std::int64_t>(i));
}

TEST_F(ServerTest, PerformsWhatTheFaultsOrder) {
  start(1);
  EXPECT_EQ(control(R"({"when":{"call":"ping","nth":1},"do":"delay 800"})")["ok"], true);
  EXPECT_EQ(control(R"({"when":{"call":"time"},"do":"split 3"})")["ok"], true);
  EXPECT_EQ(control(R"({"when":{"call":"forget_all"},"do":"drop_before"})")["ok"], true);
  EXPECT_EQ(control(R"({"do":"nonsense"})")["ok"], false);
  EXPECT_EQ(control("not json")["ok"], false);
  EXPECT_EQ(control(R"({"cmd":"dance"})")["ok"], false);
  Client c;
  auto& socket = connect(c, ready_["public"]);
  ASSERT_TRUE(run_until([&] { return c.open; }));
  socket.send(R"({"ping":1})");
  socket.send(R"({"time":1})");
  ASSERT_TRUE(run_until([&] { return c.frames.size() == 2; }));
  EXPECT_EQ(c.frames[0]["msg_type"], "time");  // overtook the delayed one; in pieces, yet whole
  EXPECT_EQ(control(R"({"cmd":"status"})")["status"]["rules"].size(), 3U);
  socket.send(R"({"forget_all":"ticks"})");
  ASSERT_TRUE(run_until([&] { return c.closed; }));
  EXPECT_EQ(control(R"({"cmd":"clear"})")["ok"], true);
  EXPECT_TRUE(control(R"({"cmd":"status"})")["status"]["rules"].empty());
  Client again;
  connect(again, ready_["public"]);
  ASSERT_TRUE(run_until([&] { return again.open; }));
  EXPECT_EQ(control(R"({"cmd":"drop"})")["ok"], true);
  ASSERT_TRUE(run_until([&] { return again.closed; }));
}

TEST_F(ServerTest, CanShowACertificateThatNobodyTrusts) {
  auto o = Sim::defaults();
  venue_ = std::make_unique<Venue>(std::move(o));
  ASSERT_TRUE(venue_->faults().add(*Json::parse(R"({"do":"bad_certificate"})")));
  Server::Options options;
  options.tls_dir = (dir_ / "tls").string();
  options.start = {kStart};
  server_ = std::make_unique<Server>(io_, std::move(options), *venue_);
  ASSERT_TRUE(server_->start());
  ready_ = json::parse(server_->ready_line());
  Client c;
  connect(c, ready_["public"]);
  ASSERT_TRUE(run_until([&] { return c.closed; }));
  EXPECT_EQ(c.error.step, net::Step::kTls);
}

TEST_F(ServerTest, ChangesItsCertificateWhileRunning) {
  start(1);
  const auto failure = [&] {
    Client c;
    connect(c, ready_["public"]);
    EXPECT_TRUE(run_until([&] { return c.open || c.closed; }));
    return c.open ? std::optional<net::Step>{} : std::optional(c.error.step);
  };
  EXPECT_EQ(failure(), std::nullopt);
  EXPECT_EQ(control(R"({"do":"bad_certificate"})")["ok"], true);
  EXPECT_EQ(failure(), net::Step::kTls);
  EXPECT_EQ(control(R"({"cmd":"clear"})")["ok"], true);
  EXPECT_EQ(failure(), std::nullopt);
}

TEST_F(ServerTest, TheControlSocketIsPrivateAndRemoved) {
  start(1);
  const auto path = dir_ / "control";
  EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace derivd::sim::test
