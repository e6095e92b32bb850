package trainer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"github.com/loratop/loratop/client/local/trainer/lora"
)

// safetensors encodes the matrices as 32-bit floats in the format of that
// name: the header's length in 8 bytes, a JSON header padded with blanks to a
// multiple of 8, then the numbers, all little endian.
func safetensors(tensors []lora.Tensor, about map[string]string) ([]byte, error) {
	type entry struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header := map[string]any{"__metadata__": about}
	var data bytes.Buffer
	for _, t := range tensors {
		from := data.Len()
		for _, v := range t.W {
			data.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v))))
		}
		header[t.Name] = entry{"F32", []int{t.Rows, t.Cols}, [2]int{from, data.Len()}}
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), data.Bytes()...), nil
}
