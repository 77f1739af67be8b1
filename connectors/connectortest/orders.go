package connectortest

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/sandbox/fault"
	"tributary/internal/errs"
)

// Orders is what the suite needs to know of a connector that writes orders.
type Orders struct {
	Driver connectors.Driver
	// Start starts a simulated system; it ends with the test.
	Start func(t *testing.T) *OrderSystem
	// BaseURL are the settings that hold the system's address; Group is the setting that lets the hub write orders, Wrong
	// are settings that make the login fail.
	BaseURL []string
	Group   string
	Wrong   map[string]any
	// Steps are those an order goes through.
	Steps []string
	// Ahead is how many calls go before each write, which leave nothing in the system.
	Ahead int
}

// OrderSystem is a simulated system that takes orders.
type OrderSystem struct {
	Settings map[string]any
	Faults   *fault.Set
	Now      func() time.Time
	Logins   func() int
	Late     time.Duration // how long after the caller gave up fault.WriteLate does its work
	// Order makes an order that the system takes; Refuse changes it into one that it refuses, with the words that it says
	// then; Halt into one that is created and refused at a later step, nil when there is none.
	Order  func(key string) canonical.OrderRequest
	Refuse func(o *canonical.OrderRequest) (words string)
	Halt   func(o *canonical.OrderRequest) (words string)
	// Mend takes out of an order's way there what Halt put into it; nil where that is not tried.
	Mend func(key string)
	// Count is how many orders the system has under a key, Double makes one more of an order that it has, and Void
	// cancels it.
	Count  func(key string) int
	Double func(key string)
	Void   func(key string)
}

var orderTests = []partOf[Orders]{
	{"an order is created once, step by step", orderIsCreated},
	{"without the setting nothing is written", ordersAreOptional},
	{"a refusal has the system's words and leaves nothing", orderIsRefused},
	{"a later step is refused", orderHalts},
	{"an answer that is lost", answerIsLost},
	{"work that ends after the call was given up", workIsLate},
	{"a look that is spoiled does not send an order again", spoiledLooks},
	{"failures are told apart", failuresOfWrites},
	{"a system that is away", systemIsAway},
	{"wrong credentials stop at once", wrongCredentialsStop},
	{"a session that dies", orderSessionDies},
	{"two orders with one key", twoOrders},
	{"a cancelled order is seen", voidOrder},
}

// RunOrders runs the suite of connectors that write orders. It looks for leaks as Run does.
func RunOrders(t *testing.T, h Orders) {
	for _, p := range orderTests {
		p.run(t, h)
	}
}

const orderKey = "CRM-2025:000_1.a"

func (h Orders) open(t *testing.T, s *OrderSystem, change map[string]any) connectors.Pusher {
	t.Helper()
	p := h.taker(t, s, change).Orders()
	require.NotNil(t, p)
	return p
}

func (h Orders) taker(t *testing.T, s *OrderSystem, change map[string]any) connectors.OrderTaker {
	t.Helper()
	raw := merged(s.Settings, quick, map[string]any{"timeout": "300ms"}, change)
	maps.DeleteFunc(raw, func(_ string, v any) bool { return v == nil })
	taker, ok := source(t, h.Driver.Config, h.Driver.New, s.Now, raw).(connectors.OrderTaker)
	require.True(t, ok)
	return taker
}

// finish takes an order through the steps that are left and returns their names.
func finish(t *testing.T, p connectors.Pusher, o *canonical.OrderRequest, at *connectors.Placed) (steps []string) {
	t.Helper()
	for range 10 {
		if at != nil && at.Done {
			return steps
		}
		next, err := p.PushOrder(t.Context(), o, at)
		require.NoError(t, err)
		steps, at = append(steps, next.Step), next
	}
	require.FailNow(t, "the order is never done")
	return nil
}

func find(t *testing.T, p connectors.Pusher, key string) *connectors.Placed {
	t.Helper()
	at, err := p.FindOrder(t.Context(), key)
	require.NoError(t, err)
	return at
}

func outcome(t *testing.T, err error) connectors.Outcome {
	t.Helper()
	require.Error(t, err)
	return connectors.OutcomeOf(err)
}

func orderIsCreated(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, nil), s.Order(orderKey)
	require.Nil(t, find(t, p, o.Key))
	require.Equal(t, h.Steps, finish(t, p, &o, nil))
	require.Equal(t, 1, s.Count(o.Key))
	at := find(t, p, o.Key)
	require.NotNil(t, at)
	require.True(t, at.Done)
	require.False(t, at.Void)
	require.NotEmpty(t, at.ID)
	require.NotEmpty(t, at.Number)
	require.Equal(t, h.Steps[len(h.Steps)-1], at.Step)
	other := s.Order("another")
	require.Nil(t, find(t, p, other.Key))

	// What was begun is carried on from every step.
	for n := range len(h.Steps) {
		o := s.Order("step-" + h.Steps[n])
		var last *connectors.Placed
		for range n + 1 {
			next, err := p.PushOrder(t.Context(), &o, last)
			require.NoError(t, err)
			last = next
		}
		require.Equal(t, h.Steps[n+1:], append([]string{}, finish(t, p, &o, find(t, p, o.Key))...))
		require.Equal(t, 1, s.Count(o.Key))
	}
}

func ordersAreOptional(t *testing.T, h Orders) {
	s := h.Start(t)
	require.Nil(t, h.taker(t, s, map[string]any{h.Group: nil}).Orders())
}

func orderIsRefused(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, nil), s.Order(orderKey)
	words := s.Refuse(&o)
	_, err := p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Refused, outcome(t, err))
	require.Contains(t, err.Error(), words)
	require.Zero(t, s.Count(o.Key))
	require.Nil(t, find(t, p, o.Key))
}

func orderHalts(t *testing.T, h Orders) {
	s := h.Start(t)
	if s.Halt == nil {
		require.Len(t, h.Steps, 1, "an order of several steps can be refused at a later one")
		return
	}
	p, o := h.open(t, s, nil), s.Order(orderKey)
	words := s.Halt(&o)
	var at *connectors.Placed
	for range len(h.Steps) + 1 {
		next, err := p.PushOrder(t.Context(), &o, at)
		if err != nil {
			require.Equal(t, connectors.Refused, outcome(t, err))
			require.Contains(t, err.Error(), words)
			at = find(t, p, o.Key)
			require.NotNil(t, at)
			require.False(t, at.Done)
			if s.Mend != nil {
				s.Mend(o.Key)
				finish(t, p, &o, at)
				require.Equal(t, 1, s.Count(o.Key))
			}
			return
		}
		at = next
	}
	require.FailNow(t, "no step was refused")
}

func answerIsLost(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, nil), s.Order(orderKey)
	var at *connectors.Placed
	for range h.Steps { // each step in turn loses its answer
		s.Faults.Arm(fault.WriteLost, 1)
		_, err := p.PushOrder(t.Context(), &o, at)
		require.Equal(t, connectors.Undecided, outcome(t, err))
		at = find(t, p, o.Key)
		require.NotNil(t, at)
	}
	require.True(t, at.Done)
	require.Equal(t, 1, s.Count(o.Key))
}

// A call that was given up may still do its work, but no later than the connector says.
func workIsLate(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, nil), s.Order(orderKey)
	s.Faults.Arm(fault.WriteLate, 1)
	began := time.Now()
	_, err := p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Undecided, outcome(t, err))
	require.Nil(t, find(t, p, o.Key), "the work is not done yet")
	call, settle := p.Within()
	require.Positive(t, call)
	require.Greater(t, settle, s.Late, "the connection's settings give the system its time")
	require.Eventually(t, func() bool { return s.Count(o.Key) == 1 }, time.Until(began.Add(call+settle)), 5*time.Millisecond)
	finish(t, p, &o, find(t, p, o.Key))
	require.Equal(t, 1, s.Count(o.Key))
}

func failuresOfWrites(t *testing.T, h Orders) {
	for name, want := range map[fault.Name]connectors.Outcome{
		fault.HTTP502: connectors.Undecided, fault.HTTP500: connectors.Undecided, fault.CutBody: connectors.Undecided, fault.HalfJSON: connectors.Undecided,
		fault.HTML200: connectors.Undecided, fault.Shape: connectors.Undecided, fault.Slow: connectors.Undecided,
		fault.HTTP429: connectors.Unsent, fault.Throttle: connectors.Unsent, fault.NoRights: connectors.Refused,
	} {
		t.Run(string(name), func(t *testing.T) {
			s := h.Start(t)
			p, o := h.open(t, s, map[string]any{"retry_budget": "5ms"}), s.Order(orderKey)
			warm := s.Order("warm-up")
			finish(t, p, &warm, nil) // logged in, and what goes before a write is done
			if s.Faults.Always(name); want == connectors.Undecided && h.Ahead > 0 {
				s.Faults.Every(name, h.Ahead+1)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := p.PushOrder(ctx, &o, nil)
			require.Equal(t, want, outcome(t, err), "%v", err)
			if want == connectors.Undecided {
				require.Equal(t, 1, s.Faults.Hits(name), "no second try before somebody looked")
			}
			s.Faults.Clear()
			finish(t, p, &o, find(t, p, o.Key))
			require.Equal(t, 1, s.Count(o.Key))
		})
	}
}

func systemIsAway(t *testing.T, h Orders) {
	s := h.Start(t)
	away := map[string]any{"retry_budget": "5ms"}
	for _, name := range h.BaseURL {
		away[name] = "http://127.0.0.1:1"
	}
	o := s.Order(orderKey)
	_, err := h.open(t, s, away).PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Unsent, outcome(t, err))
}

func wrongCredentialsStop(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, h.Wrong), s.Order(orderKey)
	for range 3 {
		_, err := p.PushOrder(t.Context(), &o, nil)
		require.Equal(t, connectors.Stopped, outcome(t, err))
		require.Equal(t, errs.Invalid, errs.KindOf(err))
		for _, secret := range secrets(specOf(t, Harness{Driver: h.Driver}), merged(s.Settings, h.Wrong)) {
			require.NotContains(t, err.Error(), secret)
		}
	}
	require.LessOrEqual(t, s.Logins(), 1, "an account is not locked by repeated logins")
	require.Zero(t, s.Count(o.Key))
}

func orderSessionDies(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, nil), s.Order(orderKey)
	require.Nil(t, find(t, p, o.Key))
	s.Faults.Arm(fault.SessionExpiry, 1)
	finish(t, p, &o, nil)
	require.Equal(t, 1, s.Faults.Hits(fault.SessionExpiry))
	require.Equal(t, 1, s.Count(o.Key))
}

func twoOrders(t *testing.T, h Orders) {
	s := h.Start(t)
	if s.Double == nil {
		return // the system keeps keys apart
	}
	p, o := h.open(t, s, nil), s.Order(orderKey)
	finish(t, p, &o, nil)
	s.Double(o.Key)
	_, err := p.FindOrder(t.Context(), o.Key)
	require.Equal(t, errs.Conflict, errs.KindOf(err))
}

func voidOrder(t *testing.T, h Orders) {
	s := h.Start(t)
	p, o := h.open(t, s, nil), s.Order(orderKey)
	finish(t, p, &o, nil)
	s.Void(o.Key)
	require.True(t, find(t, p, o.Key).Void)
}
