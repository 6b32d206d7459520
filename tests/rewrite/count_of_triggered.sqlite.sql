SELECT count(*) FROM triggered;
