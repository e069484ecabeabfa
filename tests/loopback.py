from servers import free_port as free_port
