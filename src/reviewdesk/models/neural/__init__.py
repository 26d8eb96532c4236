"""Networks over words: recurrent, convolutional and attentive, learnt by one loop."""
