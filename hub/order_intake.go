package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"tributary/canonical"
	"tributary/events"
	"tributary/events/kafka"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// TakeOrders takes in orders from Kafka until ctx ends. It does nothing when no connection takes orders.
//
// A record is acknowledged once the order and its answer are committed; it may come any number of times. One that cannot
// be an order is set aside in the topic of dead letters; while the store is away records wait.
func (h *Hub) TakeOrders(ctx context.Context, b *Broker) (err error) {
	takers, err := h.orderConnections()
	if err != nil || len(takers) == 0 {
		return err
	}
	log := watermill.NewSlogLogger(h.Log)
	sub, err := kafka.NewSubscriber(kafka.SubscriberConfig{Config: b.Kafka, Group: h.orderGroup()}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	dead, err := kafka.NewPublisher(kafka.PublisherConfig{Config: b.Kafka, Now: h.Now}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dead.Close()) }()
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: drainOrders}, log)
	if err != nil {
		return fmt.Errorf("orders from Kafka: %w", err)
	}
	in, requester := events.InboundTopics()[0], *h
	requester.Actor = Actor{Name: "kafka", Role: CRM} // who may write to the topic is the broker's to say
	router.AddMiddleware(h.setAside(dead, in))
	router.AddConsumerHandler("orders", in.Name, sub, func(m *message.Message) error { return requester.takeMessage(m.Context(), m, takers) })
	return router.Run(ctx)
}

// orderGroup is the consumer group of the company's hubs: they share the partitions.
func (h *Hub) orderGroup() string { return "tributary-orders-" + h.Config.Company.Code }

// drainOrders bounds what the record under way may still take once the service is told to stop.
const drainOrders = 3 * time.Second

// errUnreadable marks a record that no retry makes an order of.
var errUnreadable = errors.New("not an order")

// takeMessage takes in the order of one record. What is wrong with an order that has a key is answered like a refusal.
func (h *Hub) takeMessage(ctx context.Context, m *message.Message, takers []string) error {
	req, err := readOrderMessage(m)
	if err != nil && !canonical.ValidOrderKey(req.Key) {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if req.Company != "" && req.Company != h.Config.Company.Code {
		return nil
	}
	result := ""
	if err == nil {
		_, result, err = h.takeOrder(ctx, req, takers, "en")
	}
	var u *errs.Error
	switch {
	case err == nil:
		h.Log.DebugContext(ctx, "order taken", "key", req.Key, "result", result)
		return nil
	case !errors.As(err, &u) || u.Kind != errs.Invalid && u.Kind != errs.Conflict && u.Kind != errs.NotFound:
		return err
	case result == orderConflict:
		return h.answerConflict(ctx, req.Key, u)
	}
	return h.answerInvalid(ctx, &req, u)
}

// readOrderMessage reads a record: the order itself, or a CloudEvent in structured mode around it. The key of the record
// stands for one that the order lacks.
func readOrderMessage(m *message.Message) (req canonical.OrderRequest, err error) {
	body := []byte(m.Payload)
	if strings.HasPrefix(strings.ToLower(m.Metadata.Get("content-type")), "application/cloudevents") {
		var event struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			return req, errs.New(errs.Invalid, "order.message", errs.Args{"why": err.Error()})
		}
		body = event.Data
	}
	err = json.Unmarshal(body, &req)
	recordKey := m.Metadata.Get(kafka.KeyMetadata)
	if req.Key == "" {
		req.Key = recordKey
	}
	switch {
	case err != nil:
		err = errs.New(errs.Invalid, "order.message", errs.Args{"why": err.Error()})
	case recordKey != "" && recordKey != req.Key:
		err = errs.New(errs.Invalid, "order.message", errs.Args{"why": "the key of the record is another than that of the order"})
	case !canonical.ValidOrderKey(req.Key):
		err = errs.New(errs.Invalid, "order.message", errs.Args{"why": "an order without a usable key"})
	}
	return req, err
}

// answerConflict tells the requester that his key belongs to another order.
func (h *Hub) answerConflict(ctx context.Context, key string, why *errs.Error) error {
	return h.DB.InTx(ctx, func(tx *store.Tx) error {
		o, err := tx.LockOrder(ctx, key)
		if err != nil {
			return err
		}
		o.Version++
		if err := tx.SaveOrder(ctx, &o); err != nil {
			return err
		}
		o.Problem = store.NoticeOf(why)
		return tx.AppendEvents(ctx, []events.Event{pipeline.OrderEvent(events.Conflicted, &o, tx.Now)})
	})
}

// answerInvalid keeps an order that cannot be sent as refused, so that its requester hears why.
func (h *Hub) answerInvalid(ctx context.Context, req *canonical.OrderRequest, why *errs.Error) error {
	if req.Requester == "" {
		req.Requester = h.Actor.Name
	}
	o, err := orderOf(req, req.Customer)
	if err != nil {
		return err
	}
	o.State, o.Problem = canonical.OrderRefused, store.NoticeOf(why)
	result := ""
	err = h.DB.InTx(ctx, func(tx *store.Tx) error { return h.addOrder(ctx, tx, o, events.Refused, &result) })
	var u *errs.Error
	if result == orderConflict && errors.As(err, &u) {
		return h.answerConflict(ctx, req.Key, u)
	}
	return err
}

// setAside is the middleware that sends what no retry mends to the dead letters: its bytes as they came, with reason and
// origin in headers that Kafka Connect's tools know. A record whose dead letter cannot be written waits.
func (h *Hub) setAside(dead *kafka.Publisher, in events.Inbound) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			out, err := next(m)
			if !errors.Is(err, errUnreadable) {
				return out, err
			}
			at, _ := kafka.PositionOf(m.Context())
			letter := message.NewMessage(m.UUID, m.Payload)
			letter.Metadata = maps.Clone(m.Metadata)
			maps.Copy(letter.Metadata, h.deadHeaders(in.Name, at, err))
			h.Log.WarnContext(m.Context(), "a record is no order; it lies in the dead letters", "topic", in.Dead, "partition", at.Partition, "offset", at.Offset, "error", err)
			return nil, dead.PublishContext(m.Context(), in.Dead, letter)
		}
	}
}

// deadHeaders say why a record was set aside, and where it came from.
func (h *Hub) deadHeaders(topic string, at kafka.Position, why error) map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{
		"topic": topic, "partition": strconv.Itoa(at.Partition), "offset": strconv.FormatInt(at.Offset, 10), "connector.name": h.orderGroup(), "task.id": strconv.Itoa(at.Partition),
		"stage": "VALUE_CONVERTER", "class.name": "tributary.orders", "exception.class.name": errs.CodeOf(why), "exception.message": why.Error(),
	} {
		out["__connect.errors."+name] = value
	}
	out["tributary_reason"] = errs.CodeOf(why)
	out["tributary_first_seen"] = h.Now().UTC().Format(time.RFC3339)
	return out
}
