// Package lora really trains: a small frozen network that predicts the next
// byte, with a LoRA adapter on its two layers. Losses and gradient norms come
// from gradients over the dataset's own text. The network is far too small to
// be of use; it stands in for the base model that a job names, so that the
// demonstration shows true curves on an ordinary CPU.
package lora
