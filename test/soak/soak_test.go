package soak

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/world"
	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// Under every fault at once the service ends with what a quiet one has.
func TestADisturbedServiceEndsLikeAQuietOne(t *testing.T) {
	lasts, r := duration(t), chance(t)
	sources := startSources(t)
	company := harness.NewCompany()
	h := harness.Production(t, harness.Options{Company: company, Config: sources.config(t)})
	book := &figures{began: time.Now()}

	desk := openDesk(h, sources.world, sources.systems, int(lasts/time.Second))
	desk.tryOut()
	service := serve(h, sources.hotline)
	disturb(t, r, lasts, sources, h, desk, &service, book)
	sources.quiet(t)
	service = startAnew(t, h, service, sources, book)
	sources.hotline.end(t, r)
	awaitPulled(h, sources)
	book.orders = desk.end(t, sources.systems)
	require.Zero(t, stop(service, syscall.SIGTERM).Code)
	acceptDeletes(t, h)
	h.OK("resolve")
	h.OK("relay", "--once")

	calm := harness.Embedded(t, harness.Options{Company: company, Config: sources.config(t)})
	quiet := serve(calm, sources.hotline)
	sources.hotline.tell(t, sources.hotline.address)
	require.Zero(t, stop(quiet, syscall.SIGTERM).Code)
	calm.OK("pull", "--quiet")
	calm.OK("resolve")
	calm.OK("relay", "--once")

	book.print(t, h, sources)
	equal(t, h, calm)
}

// chance is what decides; TRIBUTARY_CHAOS_SEED repeats it.
func chance(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	if text := os.Getenv("TRIBUTARY_CHAOS_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("TRIBUTARY_CHAOS_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 2))
}

// usual is how long the disturbance lasts when nobody says how long. Each system plays most of its faults in it.
const usual = 40 * time.Second

// duration is how long the disturbance lasts.
func duration(t *testing.T) time.Duration {
	text := os.Getenv("TRIBUTARY_SOAK")
	if text == "" && testing.Short() {
		t.Skip("takes two minutes")
	}
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, "TRIBUTARY_SOAK")
	return d
}

// system is a simulated system of the cast.
type system struct {
	site
	connector string
	lists     []changer
	ahead     atomic.Int64       // how far its clock is ahead, once the disturbance is over
	played    map[fault.Name]int // how often each fault was switched on
}

// clockOff is how far the faults of clocks put a clock off.
const clockOff = 10 * time.Minute

// overlap is more than that: a clock that is set and set back between two reads of a stream is seen by nobody.
const overlap = clockOff + 2*time.Minute

// stale is the most that a system's streams stay behind its clock: those of the platform for traceability do.
const stale = 30 * time.Minute

// clock is the system's clock when nobody sets it.
func (s *system) clock() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// told is the system's clock, by which it stamps rows.
func (s *system) told() time.Time {
	now := s.clock()
	switch {
	case s.faults.On(fault.ClockFast):
		return now.Add(clockOff)
	case s.faults.On(fault.ClockSlow):
		return now.Add(-clockOff)
	}
	return now
}

// sources is everything the service reads.
type sources struct {
	world    *world.World
	systems  []*system
	inboxes  [2]*inbox
	database *database
	hotline  *hotline
	cable    *harness.Proxy // of the remote inbox
	url      string
	blocks   []map[string]any
}

// pace is the pause between two pulls of a stream; pages are small, so that what happens between two of them does happen.
const (
	pace     = "3s"
	pageSize = 60
)

func startSources(t *testing.T) *sources {
	w := connectortest.SmallWorld(t)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	out := &sources{world: w, database: startDatabase(t), hotline: startHotline(w), url: server.URL}
	maps := t.TempDir()
	for _, c := range systems {
		s := &system{connector: c.connector, played: map[fault.Name]int{}}
		s.site = site{world: w, now: s.told, clock: s.clock, faults: fault.New(), settings: sandbox.Settings(c.connector, out.url)}
		var handler http.Handler
		handler, s.lists = c.start(t, &s.site)
		mux.Handle(c.path, fault.Transport{Faults: s.faults, Now: s.clock, RetryAfter: time.Second, Delay: 10 * time.Second}.Wrap(handler)) // the transport adds the faults of clocks itself
		out.systems = append(out.systems, s)
		_, spec, err := registry(t).Driver(c.connector)
		require.NoError(t, err)
		for name, v := range map[string]any{"overlap": overlap.String(), "page_size": pageSize} {
			if _, has := spec.Option(name); has {
				s.settings[name] = v
			}
		}
		s.settings["calls_per_second"], s.settings["timeout"], s.settings["retry_first"], s.settings["retry_budget"] = 1000, "2s", "20ms", "3s"
		block := map[string]any{"name": connection(c.connector), "connector": c.connector, "settings": s.settings}
		if party := subsidiaries[c.connector]; party != "" {
			block["party"] = party
		}
		block["maps"] = writeMaps(t, maps, c.connector, s.maps)
		out.blocks = append(out.blocks, block)
	}
	out.blocks = append(out.blocks, map[string]any{"name": "hotline", "connector": "webhook", "settings": out.hotline.settings, "maps": writeMaps(t, maps, "webhook", sandbox.Maps("webhook"))})
	files, parties := ledgers(t, w)
	local, remote := t.TempDir(), servers.SFTP(t)
	far := filepath.Join(remote.Root, servers.Name(t))
	require.NoError(t, os.Mkdir(far, 0o777))
	require.NoError(t, os.Chmod(far, 0o777))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(far)) })
	out.cable = harness.StartProxy(t, remote.Address)
	out.inboxes = [2]*inbox{fill(t, local, files[0]), fill(t, far, files[1])}
	out.blocks = append(out.blocks,
		map[string]any{"name": "inbox", "connector": "files", "settings": map[string]any{"folder": local, "parties": parties, "settle": settle.String()}},
		map[string]any{"name": "sftp", "connector": "files", "settings": map[string]any{
			"url": "sftp://" + remote.User + "@" + out.cable.Address + far, "password": remote.Password, "host_key": []string{remote.HostKey}, "parties": parties, "settle": settle.String()}},
		map[string]any{"name": "database", "connector": "database", "party": parties[sandbox.DistributorCode[0]], "settings": out.database.settings},
	)
	return out
}

// writeMaps writes the maps of a connector's streams and returns their paths by stream.
func writeMaps(t *testing.T, dir, connector string, maps map[string]string) map[string]string {
	out := map[string]string{}
	for stream, text := range maps {
		out[stream] = filepath.Join(dir, connector+"-"+stream+".yaml")
		require.NoError(t, os.WriteFile(out[stream], []byte(text), 0o600))
	}
	return out
}

// subsidiaries are the parties whose ledgers the further ERPs hold, by their codes in the company's own: two systems that
// tell of one party's customers under one number are not to be had.
var subsidiaries = map[string]string{"sap": "C000002", "yonyou": "C000003", "yonyou-u8": "C000004"}

// connection is the name of the connection to a system; that to Kingdee is the source of the company's own codes.
func connection(connector string) string {
	if connector == "kingdee" {
		return "erp"
	}
	return connector
}

// config is the configuration of a hub that reads everything, often.
func (s *sources) config(t *testing.T) string {
	registry := registry(t)
	for _, b := range s.blocks {
		if b["streams"] != nil {
			continue
		}
		maps, _ := b["maps"].(map[string]string)
		delete(b, "maps")
		settings, _ := b["settings"].(map[string]any)
		driver, _, err := registry.Configured(b["connector"].(string), settings)
		require.NoError(t, err)
		var streams []map[string]any
		for _, info := range driver.Streams {
			if b["connector"] == "database" && settings[info.Name] == nil {
				continue
			}
			stream := map[string]any{"stream": info.Name, "every": pace, "sweep_every": "10s", "max_bad": 1}
			if maps[info.Name] != "" {
				stream["map"] = maps[info.Name]
			}
			streams = append(streams, stream)
		}
		b["streams"] = streams
	}
	text, err := json.Marshal(s.blocks)
	require.NoError(t, err)
	return "connections: " + string(text)
}

// streams are all streams of which every pull is a run, as CONNECTION/STREAM: of files, only new ones are.
func (s *sources) streams() (out []string) {
	for _, b := range s.blocks {
		if b["connector"] == "files" {
			continue
		}
		for _, st := range b["streams"].([]map[string]any) {
			out = append(out, b["name"].(string)+"/"+st["stream"].(string))
		}
	}
	return out
}

// quiet ends every fault and brings what has not come. Clocks that were set back leave rows of the future behind, and some
// streams stay behind the clock: the systems' time goes on until all rows lie in a past that is read.
func (s *sources) quiet(t *testing.T) {
	for _, sys := range s.systems {
		sys.faults.Clear()
		sys.ahead.Store(int64(clockOff + stale + time.Minute))
	}
	for _, b := range s.inboxes {
		b.end(t)
	}
	s.database.cable.Mend()
	s.cable.Mend()
}

// serve starts the service, and tells who posts to it where it is.
func serve(h *harness.Hub, posts *hotline) *harness.Process {
	p := h.Start("serve")
	posts.serve(address.FindString(p.Line("API ")))
	return p
}

var address = regexp.MustCompile(`http://[^/]+`)

func stop(p *harness.Process, how os.Signal) harness.Result {
	p.Signal(how)
	return p.Wait(time.Minute)
}

// disturb lets everything go wrong for a while.
func disturb(t *testing.T, r *rand.Rand, lasts time.Duration, s *sources, h *harness.Hub, desk *desk, service **harness.Process, book *figures) {
	over := make(chan struct{})
	var all sync.WaitGroup
	beside := func(least, most time.Duration, act func(r *rand.Rand, pause func(time.Duration))) {
		own := rand.New(rand.NewPCG(r.Uint64(), 3))
		pause := func(d time.Duration) {
			select {
			case <-over:
			case <-time.After(d):
			}
		}
		all.Go(func() {
			for {
				pause(least + time.Duration(own.Int64N(int64(most-least))))
				select {
				case <-over:
					return
				default:
					act(own, pause)
				}
			}
		})
	}
	slower := max(1, lasts/(4*time.Minute)) // a long soak does not make the sources grow without bound
	for _, sys := range s.systems {
		beside(100*time.Millisecond, 2*time.Second, func(r *rand.Rand, pause func(time.Duration)) {
			if play(sys, r, pause) == fault.BadCredentials { // the service asks nobody again until somebody says that all is well
				h.OK("connectors", "resume", connection(sys.connector))
			}
		})
		for _, l := range sys.lists {
			beside(100*time.Millisecond, slower*time.Second, func(r *rand.Rand, _ func(time.Duration)) { book.change(l.change(r, sys.told())) })
		}
	}
	beside(100*time.Millisecond, 2*time.Second, func(r *rand.Rand, _ func(time.Duration)) { book.change(desk.order(r)) })
	beside(100*time.Millisecond, slower*time.Second, func(r *rand.Rand, _ func(time.Duration)) { book.change(s.hotline.list.change(r, time.Now())) })
	beside(50*time.Millisecond, time.Second, func(r *rand.Rand, _ func(time.Duration)) { book.change(s.hotline.send(t.Context(), r)) })
	for _, b := range s.inboxes {
		beside(time.Second, 5*time.Second, func(r *rand.Rand, pause func(time.Duration)) { book.change(b.change(t, r, pause)) })
	}
	beside(100*time.Millisecond, slower*time.Second, func(r *rand.Rand, _ func(time.Duration)) { book.change(s.database.change(t, r)) })
	for name, cable := range map[string]*harness.Proxy{"database": s.database.cable, "sftp": s.cable} {
		beside(2*time.Second, 8*time.Second, func(r *rand.Rand, pause func(time.Duration)) {
			cable.CutAfter(r.Int64N(6000))
			pause(time.Duration(r.Int64N(int64(4 * time.Second))))
			cable.Mend()
			book.cut(name)
		})
	}
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		time.Sleep(min(time.Until(end), 4*time.Second+time.Duration(r.Int64N(int64(16*time.Second)))))
		how := []os.Signal{syscall.SIGKILL, syscall.SIGTERM}[r.IntN(2)]
		result := stop(*service, how)
		if how == syscall.SIGTERM {
			require.Zero(t, result.Code, "told to stop\n%s", result.Stderr)
		}
		book.killed(how, result)
		*service = serve(h, s.hotline)
	}
	close(over)
	all.Wait()
}

// play switches one fault of a system on, now and then or always, and off again after a while. Each fault that the system
// plays has its turn.
func play(s *system, r *rand.Rand, pause func(time.Duration)) fault.Name {
	known := s.faults.Known()
	if len(known) == 0 { // nobody has called yet
		return ""
	}
	r.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
	name := slices.MinFunc(known, func(a, b fault.Name) int { return s.played[a] - s.played[b] })
	s.played[name]++
	clock := name == fault.ClockFast || name == fault.ClockSlow
	// Rights are taken from a user for a while, not for each second call: the hub tells by the orders it sees whether it sees
	// any, and a system that hides one of two calls from it would get an order twice.
	rights := name == fault.HiddenRows && s.buyer != ""
	if !clock && !rights && r.IntN(2) == 0 {
		s.faults.Every(name, 2+r.IntN(8))
	} else {
		s.faults.Always(name)
	}
	if name == fault.BadCredentials { // a password is changed in the middle of a session
		s.faults.Arm(fault.SessionExpiry, 1)
	}
	pause(time.Second + time.Duration(r.Int64N(int64(7*time.Second))))
	s.faults.Off(name)
	if s.mended != nil {
		s.mended()
	}
	return name
}

// startAnew does what an operator does once all is well again: connections whose credentials were refused are resumed,
// and systems that hid rows for lack of rights are read from the beginning, for such rows are not new.
func startAnew(t *testing.T, h *harness.Hub, service *harness.Process, s *sources, book *figures) *harness.Process {
	var hid []string
	for _, sys := range s.systems {
		if sys.faults.Hits(fault.BadCredentials) > 0 {
			h.OK("connectors", "resume", connection(sys.connector))
		}
		if sys.faults.Hits(fault.HiddenRows) > 0 {
			hid = append(hid, connection(sys.connector))
		}
	}
	result := stop(service, syscall.SIGTERM)
	require.Zero(t, result.Code)
	book.killed(syscall.SIGTERM, result)
	if len(hid) > 0 {
		h.OK(append([]string{"state", "reset", "--yes"}, hid...)...)
	}
	return serve(h, s.hotline)
}

// acceptDeletes does what an operator does about a stream from which so many rows are gone at once that the service asks
// before it believes it: here they are gone.
func acceptDeletes(t *testing.T, h *harness.Hub) {
	last := map[string]harness.RunReport{}
	for _, run := range runs(h) {
		name := run.Connection + "/" + run.Stream
		if run.Status == "done" && run.StartedAt.After(last[name].StartedAt) {
			last[name] = run
		}
	}
	var doubted []string
	for name, run := range last {
		if slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, "--accept-deletes") }) {
			doubted = append(doubted, name)
		}
	}
	if len(doubted) == 0 {
		return
	}
	slices.Sort(doubted)
	t.Logf("deletes accepted %s", strings.Join(doubted, " · "))
	h.OK(append([]string{"pull", "--quiet", "--accept-deletes"}, doubted...)...)
}

// awaitPulled waits until the service has read every stream to its end, twice and by itself, and every file: the second
// time it has compared keys too.
func awaitPulled(h *harness.Hub, s *sources) {
	began := time.Now()
	time.Sleep(15 * time.Second)
	var missing, why []string
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		done, failed := map[string]int{}, map[string]string{}
		all := runs(h)
		for _, run := range all {
			name := run.Connection + "/" + run.Stream
			switch {
			case run.StartedAt.Before(began.Add(12 * time.Second)):
			case run.Status == "done":
				done[name]++
			case run.Error != nil && failed[name] == "":
				failed[name] = *run.Error
			}
		}
		missing, why = slices.DeleteFunc(s.streams(), func(name string) bool { return done[name] > 1 }), nil
		for _, name := range missing {
			why = append(why, name+": "+failed[name])
		}
		for i, connection := range []string{"inbox", "sftp"} {
			untaken := s.inboxes[i].untaken(h.T, connection, all)
			missing, why = append(missing, untaken...), append(why, untaken...)
		}
		if len(missing) == 0 {
			return
		}
	}
	require.Empty(h.T, missing, "streams that the service does not get to pull though every fault is over:\n%s", strings.Join(why, "\n"))
}

// Every connector of the program is in the soak.
func TestEveryConnectorIsSoaked(t *testing.T) {
	soaked := []string{"files", "database", "webhook"}
	for _, s := range systems {
		soaked = append(soaked, s.connector)
	}
	for _, name := range registry(t).Names() {
		require.Contains(t, soaked, name, "a connector without an entry in systems")
	}
}
