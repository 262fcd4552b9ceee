"""The gated recurrent layer."""

from typing import Any

import keras

from nlpseq.cells import GRUCell
from nlpseq.layers.cell_layer import CELL_ARGUMENTS, CellLayer, check_use_cudnn


@keras.saving.register_keras_serializable("nlpseq")
class GRU(CellLayer):
    """Gated recurrent layer (Cho et al. 2014); drop-in for `keras.layers.GRU`.

        z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z + d_z)            update gate
        r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r + d_r)            reset gate
        g_t = tanh(W_h x_t + b_h + r_t * (U_h h_{t-1} + d_h))       candidate
        h_t = z_t * h_{t-1} + (1 - z_t) * g_t

    With `reset_after=False` the reset gate acts before the recurrent product: see
    `nlpseq.cells.ResetBeforeGRUCell`.

    Args:
        units: Positive integer, the size of the state.
        activation: Nonlinearity of the candidate. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        use_bias: Whether there is a bias. Default True.
        kernel_initializer, recurrent_initializer, bias_initializer: Keras initializers.
            Default "glorot_uniform", "orthogonal", "zeros".
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer:
            Keras regularizers of the weights and of the outputs. Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: Keras constraints.
            Default None.
        dropout, recurrent_dropout: Rates of dropped inputs and recurrent inputs, in [0, 1],
            one mask a sequence. Default 0.
        seed: Integer seed of the random masks. Default None, random.
        return_sequences, return_state, go_backwards, stateful, unroll: as in
            `nlpseq.layers.RNN`. Default False.
        reset_after: Whether the reset gate acts after the recurrent product, which is faster.
            Default True.
        use_cudnn: "auto" or False, which are the same; True raises an error when the layer is
            called. Default "auto".
        engine, time_major, recompute: as in `nlpseq.layers.RNN`. Default "auto", False, False.
        layer_normalization, zoneout, weight_dropout, trainable_initial_state: variants of
            every cell, as in `nlpseq.cells.RecurrentCell`. Default False, 0, 0, False.
        chrono_steps: Chrono initialization, as in `nlpseq.cells.GRUCell`. Default None.
        **kwargs: `implementation` as in `nlpseq.cells.RecurrentCell`, `zero_output_for_mask`
            as in `nlpseq.layers.RNN`, and `name`, `dtype`, `trainable` as in
            `keras.layers.Layer`.

    Call arguments, returns: as in `nlpseq.layers.RNN`.

    Weights:
        kernel W `(features, 3 * units)`, recurrent_kernel U `(units, 3 * units)`, bias
        `(2, 3 * units)`: b and d, or `(3 * units,)` with `reset_after=False`, gate order
        z, r, h; those of the variants as in `nlpseq.cells.RecurrentCell`.

    Raises:
        ValueError: an argument is out of its range, and as in `nlpseq.layers.RNN`.

    Example:

    >>> tuple(GRU(4)(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN
        encoder-decoder for statistical machine translation, equations 5 to 8.
    """

    cell_arguments = (*CELL_ARGUMENTS, "activation", "recurrent_activation", "reset_after", "chrono_steps")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: bool | str = "auto",
        *,
        engine: str = "auto",
        time_major: bool = False,
        recompute: bool = False,
        layer_normalization: bool = False,
        zoneout: float | list[float] = 0.0,
        weight_dropout: float = 0.0,
        trainable_initial_state: bool = False,
        chrono_steps: float | None = None,
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            reset_after=reset_after,
            seed=seed,
            implementation=kwargs.pop("implementation", 2),
            layer_normalization=layer_normalization,
            zoneout=zoneout,
            weight_dropout=weight_dropout,
            trainable_initial_state=trainable_initial_state,
            chrono_steps=chrono_steps,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            engine=engine,
            time_major=time_major,
            recompute=recompute,
            **kwargs,
        )
        self.use_cudnn = check_use_cudnn(use_cudnn)
