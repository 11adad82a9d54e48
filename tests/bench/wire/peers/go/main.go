// A peer of tick to buy: what wire_bare does (../../bare.cpp), written as a user of the Go library
// github.com/ksysoev/deriv-api would write it, by its own calls and with its own defaults.
//
//	go-peer PORT CA_FILE options|v3
//
// Ends with 0 when the venue closes the connection, with 69 for the dialect options, with 1 when
// anything else happens. The library has one Buy, whose parameters have a "symbol": the dialect
// options wants an "underlying_symbol", so that another address alone does not do.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	deriv "github.com/ksysoev/deriv-api"
	"github.com/ksysoev/deriv-api/schema"
)

const (
	symbol     = "1HZ100V"
	stake      = 0.35
	notSpoken  = 69 // EX_UNAVAILABLE of sysexits.h, which wire.py knows
	wrongUsage = 64
)

func purchase(contractType schema.BuyParametersContractType) schema.Buy {
	amount, duration := stake, 1
	basis, unit := schema.BuyParametersBasisStake, schema.BuyParametersDurationUnitT
	return schema.Buy{
		Buy:   "1",
		Price: stake,
		Parameters: &schema.BuyParameters{
			Amount:       &amount,
			Basis:        &basis,
			ContractType: contractType,
			Currency:     "USD",
			Duration:     &duration,
			DurationUnit: &unit,
			Symbol:       symbol,
		},
	}
}

func trade(ctx context.Context, api *deriv.Client) error {
	if _, err := api.Authorize(ctx, schema.Authorize{Authorize: "peer"}); err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	_, ticks, err := api.SubscribeTicks(ctx, schema.Ticks{Ticks: symbol})
	if err != nil {
		return fmt.Errorf("ticks: %w", err)
	}
	wasEven, run := false, 0
	for tick := range ticks.Stream {
		even := int(math.Round(*tick.Tick.Quote*100))%2 == 0
		if even == wasEven {
			run++
		} else {
			wasEven, run = even, 1
		}
		if run < 2 {
			continue
		}
		order := purchase(schema.BuyParametersContractTypeDIGITEVEN)
		if even {
			order = purchase(schema.BuyParametersContractTypeDIGITODD)
		}
		if _, err := api.Buy(ctx, order); err != nil {
			return fmt.Errorf("buy: %w", err)
		}
		run = 0
	}
	return nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go-peer PORT CA_FILE options|v3")
		os.Exit(wrongUsage)
	}
	if os.Args[3] != "v3" {
		os.Exit(notSpoken)
	}
	// The library has no say about certificates. Go's own verifier, which it uses, reads this
	// variable when it verifies the first one.
	os.Setenv("SSL_CERT_FILE", os.Args[2])
	endpoint := fmt.Sprintf("wss://127.0.0.1:%s/websockets/v3", os.Args[1])
	api, err := deriv.NewDerivAPI(endpoint, 1089, "en", "https://localhost/")
	if err == nil {
		defer api.Disconnect()
		err = trade(context.Background(), api)
	}
	if err != nil && !errors.Is(err, deriv.ErrConnectionClosed) {
		fmt.Fprintln(os.Stderr, "go-peer:", err)
		os.Exit(1)
	}
}
