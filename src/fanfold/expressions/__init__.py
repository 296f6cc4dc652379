"""What is filled in and worked out: placeholders such as ``{{args.id}}``, and JSONata behind one small interface."""
